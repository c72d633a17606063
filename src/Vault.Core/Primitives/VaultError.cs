namespace Vault.Core.Primitives;

/// <summary>
/// An expected failure, as a value. It never holds a secret: <paramref name="Detail"/> and <paramref name="Errors"/> are
/// shown to callers and logged.
/// </summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Detail">What went wrong, and what to do, in a sentence.</param>
/// <param name="Errors">For invalid input: JSON path (<c>$.url</c>) to messages.</param>
public sealed record VaultError(string Code, string Detail, IReadOnlyDictionary<string, string[]>? Errors = null)
{
    /// <summary>Where a person gives the consent that is missing; null: nowhere.</summary>
    public string? AuthorizationUrl { get; init; }

    /// <summary>When to try again; null: nobody can say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What to look at, in sentences for who defined the credential: trials show them, callers don't see them; null: <see cref="Detail"/> says it.</summary>
    internal string? Advice { get; init; }

    /// <summary>Whether what renews the token is of no use any more, so that the service isn't asked with it again.</summary>
    internal bool IsGrantGone { get; init; }

    /// <summary>Invalid input at one place.</summary>
    public static VaultError Invalid(string path, string message) =>
        new(ErrorCodes.InvalidRequest, "The request is not valid.", new Dictionary<string, string[]> { [path] = [message] });
}
