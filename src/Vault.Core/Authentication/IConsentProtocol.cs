using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>The part of a protocol for which a person consents in a browser.</summary>
public interface IConsentProtocol
{
    /// <summary>Whether the person enters a code on another device (RFC 8628) instead of being sent back to the vault.</summary>
    bool IsDevice { get; }

    /// <summary>Begins: the URL to send the person to.</summary>
    /// <param name="context">Whose token.</param>
    /// <param name="redirectUri">Where the answer comes; sent and checked exactly.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<Result<AuthorizationStart>> BeginAsync(TokenAcquisition context, string redirectUri, CancellationToken cancellationToken);

    /// <summary>Ends with the answer that came: trades its code.</summary>
    Task<Result<TokenSet>> FinishAsync(TokenAcquisition context, AuthorizationStart start, AuthorizationAnswer answer, CancellationToken cancellationToken);

    /// <summary>Begins on another device.</summary>
    Task<Result<DeviceStart>> BeginDeviceAsync(TokenAcquisition context, CancellationToken cancellationToken);

    /// <summary>Asks whether the person is done; null: not yet.</summary>
    Task<Result<DeviceProgress>> PollAsync(TokenAcquisition context, DeviceStart start, CancellationToken cancellationToken);
}

/// <summary>An authorization request under way; a secret between the vault and the authorization server.</summary>
/// <param name="Url">Where the person goes.</param>
/// <param name="State">Ties the answer to the request.</param>
/// <param name="Verifier">PKCE's code verifier (RFC 7636).</param>
/// <param name="RedirectUri">As it was sent.</param>
public sealed record AuthorizationStart(string Url, string State, string Verifier, string RedirectUri)
{
    /// <summary>Never the secrets.</summary>
    public override string ToString() => nameof(AuthorizationStart);
}

/// <summary>What came back with the person.</summary>
/// <param name="Code">The code, if consent was given.</param>
/// <param name="Error">The error, if not.</param>
/// <param name="Issuer">Who answers (RFC 9207), if said.</param>
public sealed record AuthorizationAnswer(string? Code, string? Error, string? Issuer)
{
    /// <summary>Never the code.</summary>
    public override string ToString() => nameof(AuthorizationAnswer);
}

/// <summary>A device authorization under way.</summary>
/// <param name="DeviceCode">Secret: what is polled with.</param>
/// <param name="UserCode">What the person enters.</param>
/// <param name="VerificationUri">Where.</param>
/// <param name="ExpiresAt">Until when.</param>
/// <param name="Interval">How long to wait between polls.</param>
public sealed record DeviceStart(
    string DeviceCode, string UserCode, string VerificationUri, DateTimeOffset ExpiresAt, TimeSpan Interval)
{
    /// <summary>Never the code.</summary>
    public override string ToString() => nameof(DeviceStart);
}

/// <summary>How far a device authorization is.</summary>
/// <param name="Token">The token; null: the person isn't done.</param>
/// <param name="SlowDown">Whether the server wants longer pauses.</param>
public sealed record DeviceProgress(TokenSet? Token, bool SlowDown);
