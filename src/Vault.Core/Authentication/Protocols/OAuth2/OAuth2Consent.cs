using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 9207) and device authorization (RFC 8628).</summary>
internal sealed class OAuth2Consent(OAuth2Settings settings, OAuth2Tokens tokens) : IConsentProtocol
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);

    // Those that would let an admin's further parameters break the binding of the answer to the request.
    private static readonly string[] Fixed = ["response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"];

    public bool IsDevice => settings.Grant == "deviceCode";

    public async Task<Result<AuthorizationStart>> BeginAsync(TokenAcquisition context, string redirectUri, CancellationToken cancellationToken)
    {
        var endpoints = await tokens.FindEndpointsAsync(context, cancellationToken);
        var id = context.Parameters.Open("ClientId");
        if ((endpoints.Error ?? id.Error) is { } error)
        {
            return error;
        }

        if (endpoints.Value!.Authorization is not { } url)
        {
            return SignInExchange.Failed("The issuer's metadata has no authorization_endpoint.");
        }

        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var state = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var query = new List<SignInValue>
        {
            new("response_type", "code"),
            new("client_id", id.Value!.Reveal()),
            new("redirect_uri", redirectUri),
            new("state", state),
            new("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))),
            new("code_challenge_method", "S256"),
        };
        if ((OAuth2Requests.Add(query, "scope", settings.Scope, context) ?? tokens.Requests.AddTargets(query, context)) is { } bad)
        {
            return bad;
        }

        foreach (var parameter in settings.AuthorizationParameters.Where(parameter => !Fixed.Contains(parameter.Name, StringComparer.Ordinal)))
        {
            query.RemoveAll(own => own.Name == parameter.Name);
            if (OAuth2Requests.Add(query, parameter.Name, parameter.Template, context) is { } wrong)
            {
                return wrong;
            }
        }

        // The URL is shown to people and travels through a browser.
        if (query.Find(pair => pair.IsSecret) is { } secret)
        {
            return new VaultError(ErrorCodes.MergeFieldInvalid, $"The parameter {secret.Name} of the authorization URL would hold a secret; it can't.");
        }

        // RAW leaves a value as it is.
        if (query.Find(pair => pair.IsEscaped && !WireText.IsQuery(pair.Value)) is { } illegal)
        {
            return new VaultError(ErrorCodes.MergeFieldInvalid, $"The parameter {illegal.Name} of the authorization URL has a character that can't stand in a URL.");
        }

        var text = url.OriginalString;
        var separator = text.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return new AuthorizationStart(
            text + separator + string.Join('&', query.Select(pair => Uri.EscapeDataString(pair.Name) + "=" + (pair.IsEscaped ? pair.Value : Uri.EscapeDataString(pair.Value)))), state, verifier, redirectUri);
    }

    public async Task<Result<TokenSet>> FinishAsync(
        TokenAcquisition context, AuthorizationStart start, AuthorizationAnswer answer, CancellationToken cancellationToken)
    {
        var endpoints = await tokens.FindEndpointsAsync(context, cancellationToken);
        if (!endpoints.IsOk)
        {
            return endpoints.Error;
        }

        // RFC 9207: an answer of another server than the one that was asked is a mix-up attack.
        if (endpoints.Value.Issuer is { } issuer
            && (answer.Issuer is null ? endpoints.Value.TellsIssuer : answer.Issuer != issuer))
        {
            return SignInExchange.Failed("The answer is not of the issuer that was asked (iss).");
        }

        if (answer.Error is not null || string.IsNullOrEmpty(answer.Code))
        {
            return SignInExchange.Failed("Consent was not given" + (SignInAnswer.IsRegisteredError(answer.Error) ? $" ({answer.Error})." : "."));
        }

        var (token, _) = await tokens.TradeAsync(
            context,
            "authorization_code",
            [
                new SignInValue("code", answer.Code, "code"), new SignInValue("redirect_uri", start.RedirectUri),
                new SignInValue("code_verifier", start.Verifier, "code_verifier"),
            ],
            cancellationToken);
        return token;
    }

    public async Task<Result<DeviceStart>> BeginDeviceAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var endpoints = await tokens.FindEndpointsAsync(context, cancellationToken);
        if (!endpoints.IsOk)
        {
            return endpoints.Error;
        }

        if (endpoints.Value.DeviceAuthorization is not { } url)
        {
            return SignInExchange.Failed("The issuer's metadata has no device_authorization_endpoint.");
        }

        var form = new List<SignInValue>();
        if ((OAuth2Requests.Add(form, "scope", settings.Scope, context) ?? tokens.Requests.AddTargets(form, context)) is { } bad)
        {
            return bad;
        }

        var request = tokens.Requests.Make(context, endpoints.Value, url, "The device authorization request", form, isToken: true);
        if (!request.IsOk)
        {
            return request.Error;
        }

        var answer = await SignInExchange.SendAsync(context, request.Value, cancellationToken);
        return answer.IsOk ? ReadDevice(answer.Value, context.Time.GetUtcNow()) : answer.Error;
    }

    public async Task<Result<DeviceProgress>> PollAsync(TokenAcquisition context, DeviceStart start, CancellationToken cancellationToken)
    {
        var (token, error) = await tokens.TradeAsync(
            context, "urn:ietf:params:oauth:grant-type:device_code", [new SignInValue("device_code", start.DeviceCode, "device_code")], cancellationToken);
        if (token.IsOk)
        {
            return new DeviceProgress(token.Value, SlowDown: false);
        }

        // No OAuth error: it was out of reach, or out of order. RFC 8628 section 3.5 has the client ask again, less often.
        var isOver = error is not (null or "authorization_pending" or "slow_down") || token.Error.Code is ErrorCodes.EgressDenied;
        return isOver ? token.Error : new DeviceProgress(null, SlowDown: error != "authorization_pending");
    }

    private static Result<DeviceStart> ReadDevice(SignInAnswer answer, DateTimeOffset now)
    {
        if (!answer.IsSuccess)
        {
            return SignInExchange.Failed(answer.Outcome + ".");
        }

        var json = answer.Json is { ValueKind: JsonValueKind.Object } read ? read : default;
        var device = Text("device_code");
        var user = Text("user_code");
        var uri = Text("verification_uri") ?? Text("verification_url");
        var seconds = Number("expires_in") ?? 600;
        var interval = Number("interval") ?? DefaultInterval.TotalSeconds;
        return device is null || user is null || uri is null || !IsUrl(uri) || seconds is <= 0 or > 86_400 || interval is < 0 or > 3600
            ? SignInExchange.Failed($"{answer.Outcome}, but with no device authorization that makes sense.")
            : new DeviceStart(
                device, user, uri, now.AddSeconds(seconds),
                TimeSpan.FromSeconds(Math.Max(1, interval)));

        string? Text(string name) =>
            json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            && value.GetString() is { Length: > 0 and <= 4096 } text && !text.Any(char.IsControl) ? text : null;
        double? Number(string name) =>
            json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number)
                ? number : null;
        static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http";
    }
}
