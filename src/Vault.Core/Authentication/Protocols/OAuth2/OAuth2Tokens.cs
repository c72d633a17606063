using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Gets, renews and revokes access tokens.</summary>
internal sealed class OAuth2Tokens(OAuth2Settings settings) : ITokenProtocol
{
    /// <summary>The access token among a token's values; <c>$Token.accessToken</c>.</summary>
    public const string AccessToken = "accessToken";

    /// <summary>The refresh token among a token's values; no field can name it.</summary>
    public const string RefreshToken = TokenSet.RenewalName;

    private readonly OAuth2Discovery _discovery = new(settings);
    private readonly OAuth2Requests _requests = new(settings);

    public IReadOnlyList<string> TokenNames { get; } = [AccessToken];

    public IReadOnlyList<DeadTokenSign> RefreshOn => settings.RefreshOn;

    // Whoever consented did so for this client; a new client secret, say, takes nothing from that.
    public IReadOnlyList<string>? ConsentParameters { get; } = settings.IsConsent ? ["ClientId", "RefreshToken"] : null;

    public bool CanEnd => settings.Issuer is not null || settings.RevocationUrl is not null;

    public bool NeedsConsent(TokenAcquisition context) => settings.IsConsent && RenewalOf(context) is null && context.Previous?.IsExpired(context.Time.GetUtcNow()) is not false;

    public async Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var endpoints = await _discovery.FindAsync(context, cancellationToken);
        if (!endpoints.IsOk)
        {
            return endpoints.Error;
        }

        if (RenewalOf(context) is { } refreshToken)
        {
            var renewed = await RequestAsync(context, endpoints.Value, "refresh_token", [new SignInValue("refresh_token", refreshToken, "RefreshToken")], refreshToken, cancellationToken);
            if (renewed.Token.IsOk || settings.IsConsent)
            {
                return renewed.IsGrantGone ? ConsentIsMissing() with { IsGrantGone = true } : renewed.Token;
            }

            // Servers say in many ways that a refresh token is of no use any more; what else there is to sign in with is tried then.
            if (!renewed.IsRefused)
            {
                return renewed.Token;
            }
        }

        if (settings.IsConsent)
        {
            return ConsentIsMissing();
        }

        var grant = _requests.GrantOf(context, endpoints.Value);
        return grant.IsOk
            ? (await RequestAsync(context, endpoints.Value, grant.Value.Type, grant.Value.Parameters, null, cancellationToken)).Token
            : grant.Error;
    }

    /// <summary>Trades an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5) or a device code (RFC 8628 section 3.4) for tokens.</summary>
    public async Task<(Result<TokenSet> Token, string? OAuthError)> TradeAsync(
        TokenAcquisition context, string grantType, IReadOnlyList<SignInValue> parameters, CancellationToken cancellationToken)
    {
        var endpoints = await _discovery.FindAsync(context, cancellationToken);
        if (!endpoints.IsOk)
        {
            return (endpoints.Error, null);
        }

        var traded = await RequestAsync(context, endpoints.Value, grantType, parameters, null, cancellationToken);
        return (traded.Token, traded.OAuthError);
    }

    /// <summary>The endpoints.</summary>
    public Task<Result<OAuth2Endpoints>> FindEndpointsAsync(TokenAcquisition context, CancellationToken cancellationToken) =>
        _discovery.FindAsync(context, cancellationToken);

    /// <summary>Makes requests.</summary>
    public OAuth2Requests Requests => _requests;

    public async Task<VaultError?> EndAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var endpoints = await _discovery.FindAsync(context, cancellationToken);
        if (!endpoints.IsOk)
        {
            return endpoints.Error;
        }

        if (endpoints.Value.Revocation is not { } url || context.Previous is not { } token)
        {
            return null;
        }

        // The refresh token first: without it nothing can be renewed, whatever happens to the other.
        VaultError? first = null;
        foreach (var (name, hint) in new[] { (RefreshToken, "refresh_token"), (AccessToken, "access_token") })
        {
            if (token.Values.TryGetValue(name, out var value))
            {
                var request = _requests.Make(
                    context, endpoints.Value, url, "The revocation request",
                    [new SignInValue("token", value.Reveal(), name), new SignInValue("token_type_hint", hint)], isToken: false);
                if (!request.IsOk)
                {
                    return request.Error;
                }

                var answer = await SignInExchange.SendAsync(context, request.Value, cancellationToken);
                first ??= answer.IsOk ? answer.Value.IsSuccess ? null : SignInExchange.Failed(answer.Value.Outcome + ".") : answer.Error;
            }
        }

        return first;
    }

    private static VaultError ConsentIsMissing() => new(ErrorCodes.CredentialNotConfigured, "The consent for this credential is missing, or was taken back.");

    // The newest: an answer may have replaced the one that was entered.
    private static string? RenewalOf(TokenAcquisition context)
    {
        if (context.Previous?.Values.TryGetValue(RefreshToken, out var previous) is true)
        {
            return previous.Reveal();
        }

        // Shared by all users of a principal it would make everybody the same person.
        return context.Parameters.Has("RefreshToken") && (context.User.Length == 0 || context.Parameters.IsOwn("RefreshToken")) ? context.Parameters.Open("RefreshToken").Value?.Reveal() : null;
    }

    private async Task<(Result<TokenSet> Token, bool IsRefused, bool IsGrantGone, string? OAuthError)> RequestAsync(
        TokenAcquisition context, OAuth2Endpoints endpoints, string grantType, IReadOnlyList<SignInValue> parameters, string? refreshToken,
        CancellationToken cancellationToken)
    {
        var request = _requests.MakeToken(context, endpoints, grantType, parameters);
        if (!request.IsOk)
        {
            return (request.Error, false, false, null);
        }

        var answer = await SignInExchange.SendAsync(context, request.Value, cancellationToken);
        if (!answer.IsOk)
        {
            return (answer.Error, false, false, null);
        }

        // A server that is busy or broken says nothing about the grant.
        var token = TokenAnswer.Read(answer.Value, refreshToken, context.Time.GetUtcNow());
        var isRefused = !token.IsOk && answer.Value.Status is not 429 and < 500;
        return (token, isRefused, isRefused && answer.Value.OAuthError == "invalid_grant", answer.Value.OAuthError);
    }
}
