using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// Ends a request whose body is already on its way. HttpContent has no other way to say so: it has to throw, and the error is
/// taken out again by the callout's own handler.
/// </summary>
internal sealed class CalloutAbortedException(VaultError error, Exception? cause = null) : IOException(error.Code, cause)
{
    public VaultError Error => error;

    public static CalloutAbortedException TooLarge(long limit) => new(BodyTooLarge(limit));

    public static VaultError BodyTooLarge(long limit) =>
        new(ErrorCodes.BodyTooLarge, $"The body is larger than the {limit} bytes that the named credential allows (maxRequestBytes).");
}
