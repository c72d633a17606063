using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Vault.Cli.Import.OpenApi;

/// <summary>A security scheme as a protocol of the vault.</summary>
/// <param name="outline">Where schemes stand.</param>
/// <param name="options">What the import may do.</param>
/// <param name="begin">Where relative URLs of token endpoints begin; null: nowhere.</param>
/// <param name="report">Where it is said what doesn't come over.</param>
internal sealed class SchemeConversion(ApiOutline outline, ImportOptions options, Uri? begin, ImportReport report)
{
    private const int MostScopes = 10;

    private readonly HashSet<string> _converted = new(StringComparer.Ordinal);

    /// <summary>Converts; null where it can't come over, which is reported.</summary>
    /// <param name="name">As the document calls it.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="scopes">Those that operations name.</param>
    public ProtocolDraft? Convert(string name, IOpenApiSecurityScheme scheme, IReadOnlyCollection<string> scopes)
    {
        _converted.Add(name);
        return scheme.Type switch
        {
            SecuritySchemeType.Http => OfHttp(name, scheme.Scheme ?? ""),
            SecuritySchemeType.ApiKey => OfApiKey(name, scheme),
            SecuritySchemeType.OAuth2 => OfOAuth2(name, scheme.Flows, scopes),
            SecuritySchemeType.OpenIdConnect => OfOpenIdConnect(name, scheme.OpenIdConnectUrl),
            SecuritySchemeType.MutualTLS => Refuse(name, "A client certificate is a setting of the named credential here: clientCertificate."),
            _ => Refuse(name, "Its type isn't one that is known: apiKey, http, oauth2, openIdConnect, mutualTLS."),
        };
    }

    /// <summary>Says which secrets stand in the URLs of a scheme that nobody asked to convert.</summary>
    public void TellRest(string name, IOpenApiSecurityScheme scheme)
    {
        if (!_converted.Contains(name))
        {
            var flows = scheme.Flows;
            TellSecrets(name, [scheme.OpenIdConnectUrl, .. new[] { flows?.Implicit, flows?.ClientCredentials, flows?.AuthorizationCode, flows?.DeviceAuthorization, flows?.Password }.SelectMany(UrlsOf)]);
        }
    }

    private ProtocolDraft? OfHttp(string name, string scheme) => scheme.ToUpperInvariant() switch
    {
        "BASIC" => ProtocolDraft.Of("password").Needs("Username", "the user name").Needs("Password", "the password"),
        "BEARER" => ProtocolDraft.Of("bearer").Needs("Token", "the token"),
        "DIGEST" => ProtocolDraft.Of("digest").Needs("Username", "the user name").Needs("Password", "the password"),
        _ => Refuse(name, $"The HTTP authentication scheme {Shown.Of(scheme)} has no protocol here; custom can write any header (docs/protocols.md)."),
    };

    private ProtocolDraft? OfApiKey(string name, IOpenApiSecurityScheme scheme)
    {
        var (parameter, place) = (scheme.Name ?? "", scheme.In switch { ParameterLocation.Header => "header", ParameterLocation.Query => "query", ParameterLocation.Cookie => "cookie", _ => null });
        if (place is null || !HeaderNames.IsFit(parameter))
        {
            return Refuse(name, "An apiKey needs a name, and in: header, query or cookie.");
        }

        if (place == "header" && parameter.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
        {
            report.Add(outline.Schemes[name], Outcome.Note, name, "What is entered is sent as it is: with its scheme, as in Bearer …, where the service wants one.");
        }

        return new ProtocolDraft(new JsonObject { ["protocol"] = "apiKey", ["in"] = place, ["parameterName"] = parameter }).Needs("ApiKey", $"the API key ({place} {parameter})");
    }

    private ProtocolDraft? OfOpenIdConnect(string name, Uri? url)
    {
        TellSecrets(name, [url]);
        var shown = url is { IsAbsoluteUri: true } ? $"{url.Scheme}://{url.Authority}{(LiteralSecret.IsInPath(url.AbsolutePath) ? "" : url.AbsolutePath)}" : "";
        return Refuse(name, $"OpenID Connect says where tokens come from ({Shown.Of(shown, 200)}) and not how: write oauth2 with issuer and the grant that you use (docs/protocols.md).");
    }

    private ProtocolDraft? OfOAuth2(string name, OpenApiOAuthFlows? flows, IReadOnlyCollection<string> scopes)
    {
        (string Grant, OpenApiOAuthFlow? Flow)[] known =
        [
            ("clientCredentials", flows?.ClientCredentials), ("authorizationCode", flows?.AuthorizationCode), ("deviceCode", flows?.DeviceAuthorization), ("password", flows?.Password),
        ];
        var found = known.Where(one => one.Flow is not null).ToArray();
        TellSecrets(name, UrlsOf(flows?.Implicit));
        if (found is not [var (grant, chosen), ..] || chosen is null)
        {
            return Refuse(name, flows?.Implicit is null
                ? "It has no flow that is known: clientCredentials, authorizationCode, deviceAuthorization, password."
                : "The implicit flow gives tokens to browsers alone. Where the service has another, write oauth2 with its grant (docs/protocols.md).");
        }

        foreach (var other in found.Skip(1).Select(one => one.Grant).Concat(flows?.Implicit is null ? [] : ["implicit"]))
        {
            report.Add(outline.Schemes[name], Outcome.NotImported, name, $"The grant {other} did not come over: {grant} did, and an external credential has one.");
        }

        TellSecrets(name, [chosen.RefreshUrl, grant == "authorizationCode" ? null : chosen.AuthorizationUrl, grant == "deviceCode" ? null : chosen.DeviceAuthorizationUrl, .. found.Skip(1).SelectMany(one => UrlsOf(one.Flow))]);
        if (UrlOf(name, chosen.TokenUrl, "tokenUrl", "tokenParameters") is not { } token)
        {
            TellSecrets(name, [chosen.AuthorizationUrl, chosen.DeviceAuthorizationUrl]);
            return null;
        }

        var settings = new JsonObject { ["protocol"] = "oauth2", ["grant"] = grant };
        var due = token.Due;
        if (grant == "authorizationCode")
        {
            if (UrlOf(name, chosen.AuthorizationUrl, "authorizationUrl", "authorizationParameters") is not { } asked)
            {
                return null;
            }

            settings["authorizationUrl"] = asked.Url.OriginalString;
            asked.AddTo(settings, "authorizationParameters");
            due = [.. asked.Due, .. due];
        }
        else if (grant == "deviceCode")
        {
            // Its request has no further parameters here.
            if (UrlOf(name, chosen.DeviceAuthorizationUrl, "deviceAuthorizationUrl", parameters: null) is not { } asked)
            {
                return null;
            }

            settings["deviceAuthorizationUrl"] = asked.Url.OriginalString;
        }

        settings["tokenUrl"] = token.Url.OriginalString;
        token.AddTo(settings, "tokenParameters");
        if (scopes.Count is > 0 and <= MostScopes)
        {
            settings["scope"] = string.Join(' ', scopes);
        }
        else if (scopes.Count > MostScopes)
        {
            report.Add(outline.Schemes[name], Outcome.Note, name, $"Its operations name {scopes.Count} scopes; write those that you need into authentication.scope.");
        }

        var draft = new ProtocolDraft(settings) { NeedsConsent = grant is "authorizationCode" }.Needs("ClientId", "the client id").Needs("ClientSecret", "the client secret").SignsInAt(token.Url);
        foreach (var one in due)
        {
            draft.Needs(one.Name, one.Meaning, one.KnownValue, one.IsShared);
        }

        return grant == "password" ? draft.Needs("Username", "the user name").Needs("Password", "the password") : draft;
    }

    private TokenUrl? UrlOf(string name, Uri? url, string setting, string? parameters)
    {
        var text = url?.OriginalString ?? "";
        if (begin is not null && url is { IsAbsoluteUri: false } && Uri.TryCreate(begin, text, out var joined))
        {
            text = joined.AbsoluteUri;
        }

        return TokenUrl.Read(
            text, options.AllowHttp, parameters,
            (outcome, sentence) => report.Add(outline.Schemes[name], outcome, name, outcome is Outcome.NotImported ? $"Its {setting} can't come over: {sentence}" : sentence));
    }

    private static IEnumerable<Uri?> UrlsOf(OpenApiOAuthFlow? flow) => [flow?.TokenUrl, flow?.AuthorizationUrl, flow?.DeviceAuthorizationUrl, flow?.RefreshUrl];

    private void TellSecrets(string name, IEnumerable<Uri?> urls)
    {
        foreach (var secret in urls.SelectMany(url => UrlSecrets.In(url?.OriginalString ?? "")))
        {
            report.Add(outline.Schemes[name], Outcome.SecretInFile, name, secret.Sentence);
        }
    }

    private ProtocolDraft? Refuse(string name, string sentence)
    {
        report.Add(outline.Schemes[name], Outcome.NotImported, name, sentence);
        return null;
    }
}
