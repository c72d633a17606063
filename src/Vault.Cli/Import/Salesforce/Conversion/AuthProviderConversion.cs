using System.Text.Json.Nodes;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Reads an <c>AuthProvider</c>: legacy named credentials and browser flows get their tokens from one.</summary>
internal static class AuthProviderConversion
{
    // What Salesforce itself asks for where the metadata has no URLs.
    private static readonly Dictionary<string, (string Authorize, string Token)> Known = new(StringComparer.Ordinal)
    {
        ["Salesforce"] = ("https://login.salesforce.com/services/oauth2/authorize", "https://login.salesforce.com/services/oauth2/token"),
        ["Google"] = ("https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token"),
        ["GitHub"] = ("https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token"),
        ["LinkedIn"] = ("https://www.linkedin.com/oauth/v2/authorization", "https://www.linkedin.com/oauth/v2/accessToken"),
        ["Microsoft"] = ("https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
        ["Facebook"] = ("https://www.facebook.com/dialog/oauth", "https://graph.facebook.com/oauth/access_token"),
    };

    /// <summary>Reads one; null where the vault has nothing like it, which is reported.</summary>
    public static TokenProvider? Read(MetadataFile file, MetadataElement root, bool allowHttp, ImportReport report)
    {
        // How people sign in to Salesforce itself with it.
        root.Ignore(
            "fullName", "friendlyName", "registrationHandler", "executionUser", "userInfoUrl", "logoutUrl", "errorUrl", "iconUrl", "linkKickoffUrl", "ssoKickoffUrl",
            "oauthKickoffUrl", "portal", "includeOrgIdInIdentifier", "sendAccessTokenInHeader", "sendSecretInApis", "requireMfa", "isPkceEnabled", "customMetadataTypeRecord",
            "idTokenIssuer", "appleTeam");
        var type = root.TakeText("providerType") ?? "";
        var authorize = root.Take("authorizeUrl");
        var token = root.Take("tokenUrl");
        var key = root.TakeText("consumerKey");
        TellSecrets(file, root, report);
        var scopes = root.TakeText("defaultScopes");
        var inHeader = root.TakeText("sendClientCredentialsInHeader") == "true";
        var plugin = root.Take("plugin");
        if (plugin is not null || type == "Custom")
        {
            report.Add(file.Path, plugin ?? root, Outcome.NotImported,
                "An Apex class gets the tokens. Write what it does as the protocol login or oauth2: docs/protocols.md has an example of each.");
            report.Complete(file.Path, root);
            return null;
        }

        var known = Known.TryGetValue(type, out var urls) ? urls : default;
        var authorizationUrl = UrlOf(file, root, authorize, known.Authorize, "authorizeUrl", allowHttp, report);
        var tokenUrl = UrlOf(file, root, token, known.Token, "tokenUrl", allowHttp, report);
        report.Complete(file.Path, root);
        if (authorizationUrl is null || tokenUrl is null)
        {
            return null;
        }

        var further = new JsonObject();
        authorizationUrl.AddTo(further, "authorizationParameters");
        tokenUrl.AddTo(further, "tokenParameters");
        return new TokenProvider
        {
            AuthorizationUrl = authorizationUrl.Url,
            TokenUrl = tokenUrl.Url,
            Further = further,
            Parameters = [.. authorizationUrl.Due, .. tokenUrl.Due],
            ClientAuthentication = inHeader ? "basic" : "post",
            Scope = scopes,
            ClientId = key is not null && !IsPlaceholder(key) ? key : null,
        };
    }

    /// <summary>Says which secrets stand in the file; of one that no credential uses, too.</summary>
    public static void TellSecrets(MetadataFile file, MetadataElement root, ImportReport report)
    {
        foreach (var name in (ReadOnlySpan<string>)["consumerSecret", "ecKey"])
        {
            if (root.Take(name) is { } secret && !IsPlaceholder(secret.Text))
            {
                report.Add(file.Path, secret, Outcome.SecretInFile, "A secret stands in this file; it wasn't copied. Take it out of the repository, and out of its history.");
            }
        }
    }

    private static TokenUrl? UrlOf(MetadataFile file, MetadataElement root, MetadataElement? element, string? known, string name, bool allowHttp, ImportReport report)
    {
        if (element is null)
        {
            if (known is not null)
            {
                return new TokenUrl(new Uri(known), [], []);
            }

            report.Add(file.Path, root, Outcome.NotImported, $"It has no <{name}>, and the vault doesn't know that of its provider.");
            return null;
        }

        return TokenUrl.Read(
            element.Text, allowHttp, name == "tokenUrl" ? "tokenParameters" : "authorizationParameters", (outcome, sentence) => report.Add(file.Path, element, outcome, sentence));
    }

    // What Salesforce writes when it gives an auth. provider out.
    private static bool IsPlaceholder(string text) => text.Equals("Placeholder_Value", StringComparison.OrdinalIgnoreCase);
}
