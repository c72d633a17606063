using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The token and the body that the headers of one attempt are made with.</summary>
internal sealed class CalloutToken(Callout callout, TokenSource tokens, string url) : ITokenAccess
{
    /// <inheritdoc />
    public TokenSet? Current { get; private set; }

    /// <summary>The body as it is sent; set before headers are resolved.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Gives <see cref="Body"/> as it is when it is asked for.</summary>
    public Func<ReadOnlyMemory<byte>> BodyAccess => field ??= () => Body;

    /// <summary>Whose token.</summary>
    public TokenRequest Request => field ??= new TokenRequest(
        callout.Plan.External, callout.Admitted.Principal.Id, callout.Admitted.User, callout.Credentials, callout.Plan.Named.Id, url)
    {
        Http = callout.Http,
        HasClientCertificate = callout.Plan.Named.ClientCertificate is not null,
    };

    /// <inheritdoc />
    public async ValueTask<VaultError?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (Current is not null)
        {
            return null;
        }

        var token = await tokens.GetAsync(Request, cancellationToken);
        Current = token.Value;
        return token.Error is { } error ? InSettings(error) : null;
    }

    // Line and column are those of a setting, which the caller never saw.
    private VaultError InSettings(VaultError error) => error.Code == ErrorCodes.MergeFieldInvalid
        ? error with { Detail = $"In the authentication of the external credential {callout.Plan.External.Definition.Name}: {error.Detail}" }
        : error;
}
