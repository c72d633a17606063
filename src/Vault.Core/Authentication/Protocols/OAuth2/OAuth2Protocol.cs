using System.Text.Json;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary><c>oauth2</c>: access tokens of an authorization server (RFC 6749 and its extensions).</summary>
internal sealed class OAuth2Protocol : IAuthenticationProtocol
{
    private static readonly string[] Grants = ["clientCredentials", "authorizationCode", "deviceCode", "password", "jwtBearer", "tokenExchange"];
    private static readonly string[] Defaulted = ["clientAuthentication", "tokenUrl", "authorizationUrl", "deviceAuthorizationUrl"];
    private static readonly string[] ClientAuthentications = ["basic", "basicRaw", "post", "privateKeyJwt", "none"];

    /// <inheritdoc />
    public string Name => "oauth2";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters => BoundOAuth2.Parameters;

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var given = Defaulted.Where(settings.Has).ToHashSet(StringComparer.Ordinal);
        var grant = Choice(settings, "grant", Grants, fallback: null);
        var clientAuthentication = Choice(settings, "clientAuthentication", ClientAuthentications, "basic");
        var hasAssertion = settings.Has("assertion");
        var read = new OAuth2Settings
        {
            Grant = grant ?? "",
            ClientAuthentication = clientAuthentication ?? "",
            MayLackSecret = grant is "jwtBearer" or "password" or "tokenExchange" && !given.Contains("clientAuthentication"),
            Issuer = ReadIssuer(settings),
            TokenUrl = UrlSetting.Read(settings, "tokenUrl"),
            AuthorizationUrl = UrlSetting.Read(settings, "authorizationUrl"),
            DeviceAuthorizationUrl = UrlSetting.Read(settings, "deviceAuthorizationUrl"),
            RevocationUrl = UrlSetting.Read(settings, "revocationUrl"),
            Scope = settings.Template("scope"),
            Audience = settings.Template("audience"),
            Resources = ReadResources(settings, errors),
            TokenParameters = settings.Templates("tokenParameters", NameRules.Query),
            TokenHeaders = settings.Templates("tokenHeaders", NameRules.Header),
            AuthorizationParameters = settings.Templates("authorizationParameters", NameRules.Query),
            Assertion = ReadAssertion(settings, errors),
            RefreshOn = RefreshOnSetting.Read(settings, errors),
        };
        if (hasAssertion && grant != "jwtBearer" && clientAuthentication != "privateKeyJwt")
        {
            settings.Refuse("assertion", "Is for the grant jwtBearer and the client authentication privateKeyJwt.");
        }

        CheckUrls(settings, read, given);
        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundOAuth2(read);
    }

    private static string? Choice(SettingsReader settings, string property, string[] choices, string? fallback)
    {
        var text = settings.Text(property, required: fallback is null) ?? fallback;
        if (text is not null && !choices.Contains(text, StringComparer.Ordinal))
        {
            settings.Refuse(property, "Must be one of: " + string.Join(", ", choices) + ".");
        }

        return text;
    }

    private static Uri? ReadIssuer(SettingsReader settings)
    {
        var issuer = UrlSetting.Read(settings, "issuer");
        if (issuer is { Query.Length: > 0 })
        {
            settings.Refuse("issuer", "Must not have a query.");
        }

        return issuer;
    }

    private static void CheckUrls(SettingsReader settings, OAuth2Settings read, HashSet<string> given)
    {
        if (read.Issuer is not null)
        {
            return;
        }

        if (read.TokenUrl is null && !given.Contains("tokenUrl"))
        {
            settings.Refuse("tokenUrl", "Is required without an issuer.");
        }

        if (read.Grant == "authorizationCode" && read.AuthorizationUrl is null && !given.Contains("authorizationUrl"))
        {
            settings.Refuse("authorizationUrl", "Is required for authorizationCode without an issuer.");
        }

        if (read.Grant == "deviceCode" && read.DeviceAuthorizationUrl is null && !given.Contains("deviceAuthorizationUrl"))
        {
            settings.Refuse("deviceAuthorizationUrl", "Is required for deviceCode without an issuer.");
        }
    }

    private static List<MergeTemplate> ReadResources(SettingsReader settings, SettingsErrors errors)
    {
        if (settings.Any("resource") is not { } resource)
        {
            return [];
        }

        var templates = new List<MergeTemplate>();
        var path = settings.PathOf("resource");
        foreach (var item in resource.ValueKind is JsonValueKind.Array ? resource.EnumerateArray().ToArray() : [resource])
        {
            var template = item.ValueKind is JsonValueKind.String ? MergeTemplate.Parse(item.GetString() ?? "") : VaultError.Invalid(path, "");
            if (template.IsOk)
            {
                templates.Add(template.Value);
            }
            else
            {
                errors.Add(path, item.ValueKind is JsonValueKind.String ? template.Error.Detail : "Must be a string, or an array of them.");
            }
        }

        return templates;
    }

    private static AssertionTemplate? ReadAssertion(SettingsReader settings, SettingsErrors errors)
    {
        if (settings.Object("assertion") is not { } reader)
        {
            return null;
        }

        var assertion = AssertionTemplate.Read(reader, errors);
        reader.Complete();
        return assertion;
    }
}
