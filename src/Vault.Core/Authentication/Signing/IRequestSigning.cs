using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Signing;

/// <summary>How much of a body a signature needs.</summary>
public enum BodyNeed
{
    /// <summary>Nothing: it streams.</summary>
    None,

    /// <summary>All of it, where it is small enough to be held; else it streams unsigned, as the service allows.</summary>
    IfSmall,

    /// <summary>All of it; a larger one is <c>body-too-large</c>.</summary>
    Whole,
}

/// <summary>The request that is about to be sent, everything on it but the signature.</summary>
public sealed record RequestToSign
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The URL, byte for byte as it is sent.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The <c>Host</c> header.</summary>
    public required string Host { get; init; }

    /// <summary>The path as it is sent, without the query.</summary>
    public required string Path { get; init; }

    /// <summary>The query as it is sent, without <c>?</c>; empty: none.</summary>
    public required string Query { get; init; }

    /// <summary>The headers; values are strings of bytes.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The whole body; null where it streams, empty where there is none.</summary>
    public required ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Whether secrets were filled into it.</summary>
    public bool IsBodySecret { get; init; }

    /// <summary>Whether it is only looked at: there may be no token, and nothing may be used up by it.</summary>
    public bool IsPreview { get; init; }

    /// <summary>The time of signing.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>32 hex digits, random, of this sending.</summary>
    public required string Nonce { get; init; }

    /// <summary>Tells the credentials of one principal and user from others.</summary>
    public required string Account { get; init; }

    /// <summary>The parameters.</summary>
    public required CredentialSet Parameters { get; init; }

    /// <summary>The token, where <see cref="IRequestSigning.NeedsToken"/>; none in a preview.</summary>
    public TokenSet? Token { get; init; }

    /// <summary>Searches answers for a value made of a secret.</summary>
    public required Action<string> NoteSecret { get; init; }

    /// <summary>The names of headers that an admin set: they win over those of the protocol.</summary>
    public IReadOnlySet<string> CustomNames { get; init; } = new HashSet<string>();

    /// <summary>What <see cref="IRequestSigning.TakeChallenge"/> made of the answer to the first sending; null: this is the first.</summary>
    public object? Challenge { get; init; }

    /// <summary>The value of a header where an admin set it; null: none did.</summary>
    public string? Custom(string name) => CustomNames.Contains(name) ? Header(name) : null;

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Never the request.</summary>
    public override string ToString() => nameof(RequestToSign);
}

/// <summary>Computes an authorization over the final request; done last, and anew for a second sending.</summary>
public interface IRequestSigning
{
    /// <summary>Whether a token is needed to sign.</summary>
    bool NeedsToken { get; }

    /// <summary>Headers that belong to a signature: the caller's own go, also where the vault's has none of that name.</summary>
    IReadOnlyList<string> SignatureHeaders => ["Authorization"];

    /// <summary>The header that stands for the body in the signature: where an admin sets it, the body isn't needed. Null: none does.</summary>
    string? BodyHeader => null;

    /// <summary>How much of the body is needed.</summary>
    /// <param name="contentType">The body's content type, or null.</param>
    BodyNeed NeedOf(string? contentType);

    /// <summary>The headers to add; they replace those of the same names.</summary>
    Result<RequestInjection> Sign(RequestToSign request);

    /// <summary>
    /// Reads an answer's challenge; what the request is to be sent once more with, as <see cref="RequestToSign.Challenge"/>, so that it answers
    /// this very challenge; null: it is not sent once more.
    /// </summary>
    /// <param name="request">As it was sent.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="challenges">Its <c>WWW-Authenticate</c> headers, strings of bytes.</param>
    /// <param name="canAnswer">Whether the request can be sent once more.</param>
    object? TakeChallenge(RequestToSign request, int status, IReadOnlyList<string> challenges, bool canAnswer) => null;

    /// <summary>The request was answered, and not refused: what it was signed with is good.</summary>
    /// <param name="request">As it was sent.</param>
    /// <param name="authenticationInfo">The answer's <c>Authentication-Info</c> headers, strings of bytes.</param>
    void NoteAccepted(RequestToSign request, IReadOnlyList<string> authenticationInfo)
    {
    }
}
