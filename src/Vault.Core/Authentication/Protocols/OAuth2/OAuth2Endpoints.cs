using System.Net;
using System.Text.Json;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Where an authorization server is asked what.</summary>
/// <param name="Token">The token endpoint.</param>
/// <param name="Authorization">The authorization endpoint, if any.</param>
/// <param name="DeviceAuthorization">The device authorization endpoint, if any.</param>
/// <param name="Revocation">The revocation endpoint, if any.</param>
/// <param name="Issuer">Who must have answered an authorization request; null: unknown.</param>
/// <param name="TellsIssuer">Whether the server promises <c>iss</c> in authorization answers (RFC 9207).</param>
internal sealed record OAuth2Endpoints(Uri Token, Uri? Authorization, Uri? DeviceAuthorization, Uri? Revocation, string? Issuer, bool TellsIssuer);

/// <summary>Finds the endpoints: those of the settings, else those of the issuer's metadata (RFC 8414, OpenID Connect Discovery), kept for an hour.</summary>
internal sealed class OAuth2Discovery(OAuth2Settings settings)
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private volatile Known? _known;

    private sealed record Known(OAuth2Endpoints Endpoints, long At);

    public async Task<Result<OAuth2Endpoints>> FindAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        if (settings.Issuer is not { } issuer)
        {
            return new OAuth2Endpoints(
                settings.TokenUrl!, settings.AuthorizationUrl, settings.DeviceAuthorizationUrl, settings.RevocationUrl, Issuer: null, TellsIssuer: false);
        }

        if (_known is { } known && context.Time.GetElapsedTime(known.At) < Life)
        {
            return known.Endpoints;
        }

        var read = await ReadAsync(context, issuer, cancellationToken);
        if (read.IsOk)
        {
            _known = new Known(read.Value, context.Time.GetTimestamp());
        }

        return read;
    }

    private async Task<Result<OAuth2Endpoints>> ReadAsync(TokenAcquisition context, Uri issuer, CancellationToken cancellationToken)
    {
        var text = issuer.OriginalString;
        var origin = issuer.GetLeftPart(UriPartial.Authority);
        var path = issuer.AbsolutePath.TrimEnd('/');
        string[] places =
        [
            text.TrimEnd('/') + "/.well-known/openid-configuration",
            origin + "/.well-known/oauth-authorization-server" + path,
        ];
        Result<SignInAnswer> answer = SignInExchange.Failed("The issuer has no metadata.");
        foreach (var place in places)
        {
            answer = await SignInExchange.SendAsync(context, Get(place), cancellationToken);
            if (!answer.IsOk)
            {
                return answer.Error;
            }

            // Some servers answer whatever they don't know with a page of theirs.
            if (answer.Value is { IsSuccess: true, Json: { ValueKind: JsonValueKind.Object } metadata })
            {
                return Read(answer.Value, metadata, text);
            }
        }

        return answer.Value!.IsSuccess
            ? SignInExchange.Failed(answer.Value.Outcome + ", but with no metadata in JSON.", "Look at issuer, or give tokenUrl in its place.")
            : SignInExchange.Failed(answer.Value.Outcome + ".", $"Look at issuer: its metadata is not where it says. {SignInAdvice.Of(answer.Value)}");
    }

    private Result<OAuth2Endpoints> Read(SignInAnswer answer, JsonElement metadata, string issuer)
    {
        // RFC 8414 section 3.3: metadata of another issuer must not be used.
        if (!metadata.TryGetProperty("issuer", out var named) || named.ValueKind is not JsonValueKind.String
            || named.GetString()!.TrimEnd('/') != issuer.TrimEnd('/'))
        {
            return SignInExchange.Failed($"{answer.Outcome}, but its metadata is of another issuer.", "Look at issuer: it has to be written as the server writes it.");
        }

        var token = settings.TokenUrl ?? Url("token_endpoint");
        return token is null
            ? SignInExchange.Failed($"{answer.Outcome}, but its metadata has no token_endpoint.", "Look at issuer, or give tokenUrl in its place.")
            : new OAuth2Endpoints(
                token,
                settings.AuthorizationUrl ?? Url("authorization_endpoint"),
                settings.DeviceAuthorizationUrl ?? Url("device_authorization_endpoint"),
                settings.RevocationUrl ?? Url("revocation_endpoint"),
                named.GetString(),
                metadata.TryGetProperty("authorization_response_iss_parameter_supported", out var tells) && tells.ValueKind is JsonValueKind.True);

        Uri? Url(string property) =>
            metadata.TryGetProperty(property, out var value) && value.ValueKind is JsonValueKind.String
            && value.GetString() is { } url && UrlOrigin.Read(url) is not null && Uri.TryCreate(url, UriKind.Absolute, out var uri)
                ? uri
                : null;
    }

    private static SignInRequest Get(string url)
    {
        var uri = new Uri(url);
        var message = new HttpRequestMessage(HttpMethod.Get, uri)
        {
            Version = uri.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        return new SignInRequest("Discovery", message, () => new MaskedRequest("GET", url, [], null));
    }
}
