namespace Vault.Core.Egress;

/// <summary>
/// The address may not be reached; code <c>egress-denied</c>. The message names the host and nothing secret. What is thrown where a
/// connection is made reaches the sender inside an <see cref="HttpRequestException"/>.
/// </summary>
public sealed class EgressDeniedException(string message) : HttpRequestException(message)
{
    /// <summary>Whether a denial is what a failed sending was about.</summary>
    public static bool IsCauseOf(Exception exception) => exception is EgressDeniedException || exception.InnerException is EgressDeniedException;
}
