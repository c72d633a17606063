using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>Errors of code <c>merge-field-invalid</c>. Their details name functions and references, never a value.</summary>
internal static class MergeErrors
{
    /// <summary>How many characters or bytes are joined, or given to a function: a whole body that is held (1 MiB), written in another way, fits.</summary>
    public const int MostText = 4 * 1024 * 1024;

    /// <summary>How often <c>SIGN</c> may stand in a body, and in a caller's headers together: each takes milliseconds of a processor.</summary>
    public const int MostSignatures = 32;

    /// <summary>More than <see cref="MostText"/>.</summary>
    public static VaultError TooLong => Invalid($"it makes more than {MostText} characters");

    /// <summary>More than <see cref="MostSignatures"/>.</summary>
    public static VaultError TooManySignatures => Invalid($"with it, SIGN stands there more than {MostSignatures} times");

    /// <summary>More than <see cref="MergeWork.Most"/>.</summary>
    public static VaultError TooMuchWork => Invalid("with it, the functions of this request have more to do than they may");

    /// <summary>An error whose place is still to be added.</summary>
    public static VaultError Invalid(string problem) => new(ErrorCodes.MergeFieldInvalid, problem);

    /// <summary>An error at a place.</summary>
    public static VaultError Invalid(string problem, TextPosition at) => At(Invalid(problem), at);

    /// <summary>Adds line and column to a <c>merge-field-invalid</c>; other errors aren't about the text and stay as they are.</summary>
    /// <param name="error">The error.</param>
    /// <param name="at">Where the field opens.</param>
    /// <param name="name">What to call it, where the error itself may not name it.</param>
    public static VaultError At(VaultError error, TextPosition at, string? name = null) => error.Code == ErrorCodes.MergeFieldInvalid
        ? error with { Detail = $"The merge field {(name is null ? "" : name + " ")}at line {at.Line}, column {at.Column} is not valid: {error.Detail.TrimEnd('.')}." }
        : error;
}
