using Vault.Core.Authentication.Signing;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts.Bodies;

namespace Vault.Core.Callouts.Attempts;

/// <summary>One sending of a callout, ready: everything is resolved anew for each.</summary>
internal sealed record CalloutAttempt
{
    public required Uri Uri { get; init; }

    /// <summary>Every header that goes upstream, content headers included; values are strings of bytes.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The whole body; null where it is streamed or there is none.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>What happens to a streamed body; null where there is none.</summary>
    public IBodyTransform? Transform { get; init; }

    /// <summary>The request as it was signed; null where nothing is.</summary>
    public RequestToSign? Signed { get; init; }

    /// <summary>The token that went on the request; null where none did.</summary>
    public TokenSet? Token { get; init; }

    /// <summary>How that token was asked for.</summary>
    public TokenRequest? TokenRequest { get; init; }

    /// <summary>Never the headers.</summary>
    public override string ToString() => nameof(CalloutAttempt);
}
