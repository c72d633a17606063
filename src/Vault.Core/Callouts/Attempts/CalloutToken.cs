using Vault.Core.Authentication;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The token and the body that the headers of one attempt are made with.</summary>
internal sealed class CalloutToken(Callout callout, TokenSource tokens, RequestFacts facts, string url) : ITokenAccess
{
    private bool _isAwaited;

    /// <inheritdoc />
    public TokenSet? Current { get; private set; }

    /// <summary><see cref="Current"/> where it serves other requests too; null where it is this one's alone.</summary>
    public TokenSet? Shared => Own is null ? Current : null;

    /// <summary>The body as it is sent; set before headers are resolved.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Gives <see cref="Body"/> as it is when it is asked for.</summary>
    public Func<ReadOnlyMemory<byte>> BodyAccess => field ??= () => Body;

    /// <summary>The named credential's url as a trial may show it; null: as it is, or nobody looks.</summary>
    public string? ShownUrl { get; init; }

    /// <summary>Whose token.</summary>
    public TokenRequest Request => field ??= new TokenRequest(
        callout.Plan.External, callout.Admitted.Principal.Id, callout.Admitted.User, callout.Credentials, callout.Plan.Named.Id, url)
    {
        Http = callout.Http,
        UrlTemplate = callout.Plan.Named.Url,
        ShownUrl = ShownUrl,
        HasClientCertificate = callout.Plan.Named.ClientCertificate is not null,
    };

    private RequestToken? Own => callout.Plan.External.Authentication.RequestToken;

    /// <inheritdoc />
    public async ValueTask<VaultError?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (Current is not null)
        {
            return null;
        }

        if (Own is { } own)
        {
            _isAwaited = own.NamesBody;
            return _isAwaited ? null : Take(own.Make(OwnScope()));
        }

        return Take(callout.Request.Trace is { } trace ? await trace.SignInAsync(tokens, Request, cancellationToken) : await tokens.GetAsync(Request, cancellationToken));
    }

    /// <summary>Makes the token that had to wait for <see cref="Body"/>, if one is needed; null or the failure.</summary>
    public VaultError? MakeOfBody() => _isAwaited && Current is null && Own is { } own ? Take(own.Make(OwnScope())) : null;

    private CredentialScope OwnScope() => new(callout.Plan.External, callout.Credentials, facts)
    {
        User = callout.Admitted.User,
        EndpointUrl = url,
        Body = BodyAccess,
        SecretProduced = callout.Echoes.Note,
    };

    private VaultError? Take(Result<TokenSet> token)
    {
        Current = token.Value;

        // Line and column are those of a setting, which the caller never saw.
        return token.Error is { Code: ErrorCodes.MergeFieldInvalid } error
            ? error with { Detail = $"In the authentication of the external credential {callout.Plan.External.Definition.Name}: {error.Detail}" }
            : token.Error;
    }
}
