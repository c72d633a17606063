using System.Text.Json.Nodes;

namespace Vault.Cli.Import.Postman;

/// <summary>An authorization of Postman's as a protocol of the vault. No value that could be a secret is copied.</summary>
/// <param name="variables">What stands for variables.</param>
/// <param name="secrets">Tells where secrets stand.</param>
/// <param name="options">What the import may do.</param>
/// <param name="report">Where it is said what doesn't come over.</param>
internal sealed class AuthConversion(PostmanVariables variables, PostmanSecrets secrets, ImportOptions options, ImportReport report)
{
    private static readonly Dictionary<string, string> Grants = new(StringComparer.Ordinal)
    {
        ["authorization_code"] = "authorizationCode",
        ["authorization_code_with_pkce"] = "authorizationCode",
        ["client_credentials"] = "clientCredentials",
        ["password_credentials"] = "password",
        ["password"] = "password",
    };

    /// <summary>Converts; null where it can't come over, which is reported.</summary>
    public ProtocolDraft? Convert(PostmanAuth auth) => auth.Type switch
    {
        "noauth" => ProtocolDraft.Of("none"),
        "basic" => WithSecrets(auth, ProtocolDraft.Of("password"), ("username", "Username", "the user name"), ("password", "Password", "the password")),
        "digest" => WithSecrets(auth, ProtocolDraft.Of("digest"), ("username", "Username", "the user name"), ("password", "Password", "the password")),
        "bearer" => WithSecrets(auth, ProtocolDraft.Of("bearer"), ("token", "Token", "the token")),
        "apikey" => OfApiKey(auth),
        "oauth2" => OfOAuth2(auth),
        "awsv4" => OfAws(auth),
        "jwt" => new JwtConversion(this, report).Convert(auth),
        "oauth1" => OfOAuth1(auth),
        _ => Refuse(auth, $"The authorization {Shown.Of(auth.Type)} has no protocol here."),
    };

    /// <summary>What is filled in for a setting, which is no secret; null where there is nothing that may be copied, which is reported.</summary>
    public string? Setting(PostmanAuth auth, string name)
    {
        if (auth.Find(name) is not { } pair)
        {
            return null;
        }

        var text = variables.Resolve(pair.Text);
        if (text is not null && LiteralSecret.Find("setting", text) is not null)
        {
            secrets.Tell(pair, auth.Owner, $"what looks like a secret, as {Shown.Of(name)}");
            return Drop(pair, auth, $"{name} looks like a secret, and did not come over.");
        }

        return text is null ? Drop(pair, auth, $"{name} names a variable that has no value.")
            : text.Contains("{!", StringComparison.Ordinal) || text.Contains("<!", StringComparison.Ordinal) ? Drop(pair, auth, $"{name} would be a merge field here.")
            : text;
    }

    /// <summary>Says that parameters have to be entered, and where one stands in a file.</summary>
    public ProtocolDraft WithSecrets(PostmanAuth auth, ProtocolDraft draft, params ReadOnlySpan<(string Name, string Parameter, string Meaning)> due)
    {
        foreach (var (name, parameter, meaning) in due)
        {
            draft.Needs(parameter, meaning);
            if (auth.Find(name) is { } pair)
            {
                secrets.Tell(pair, auth.Owner, meaning);
            }
        }

        return draft;
    }

    /// <summary>Says that it didn't come over.</summary>
    public ProtocolDraft? Refuse(PostmanAuth auth, string sentence)
    {
        report.Add(auth.At, Outcome.NotImported, auth.Owner, sentence);
        return null;
    }

    private string? Drop(PostmanPair pair, PostmanAuth auth, string sentence)
    {
        report.Add(pair.At, Outcome.NotImported, auth.Owner, sentence);
        return null;
    }

    private ProtocolDraft? OfApiKey(PostmanAuth auth)
    {
        var (name, place) = (auth.Find("key") is { } key ? variables.Resolve(key.Text) : null, auth.Find("in")?.Text ?? "header");
        return name is null || !HeaderNames.IsFit(name) || LiteralSecret.IsIn(name) || place is not ("header" or "query")
            ? Refuse(auth, "An API key needs the name of a header or of a query parameter.")
            : WithSecrets(auth, new ProtocolDraft(new JsonObject { ["protocol"] = "apiKey", ["in"] = place, ["parameterName"] = name }), ("value", "ApiKey", $"the API key ({place} {name})"));
    }

    private ProtocolDraft? OfOAuth2(PostmanAuth auth)
    {
        var named = auth.Find("grant_type")?.Text ?? auth.Find("grantType")?.Text;
        if (named == "implicit")
        {
            return Refuse(auth, "The implicit flow gives tokens to browsers alone; where the service has another, write oauth2 with its grant (docs/protocols.md).");
        }

        if (auth.Find("accessTokenUrl") is not { } url)
        {
            report.Add(auth.At, Outcome.Note, auth.Owner, "It names no token endpoint, so that only a token that somebody got can be entered; oauth2 gets tokens itself (docs/protocols.md).");
            return WithSecrets(auth, ProtocolDraft.Of("bearer"), ("accessToken", "Token", "the access token"));
        }

        if (UrlOf(auth, url, "tokenParameters") is not { } token)
        {
            return null;
        }

        var grant = named is not null && Grants.TryGetValue(named, out var known) ? known : auth.Find("authUrl") is null ? "clientCredentials" : "authorizationCode";
        var settings = new JsonObject { ["protocol"] = "oauth2", ["grant"] = grant };
        var due = token.Due;
        if (grant == "authorizationCode")
        {
            if (auth.Find("authUrl") is not { } authorization || UrlOf(auth, authorization, "authorizationParameters") is not { } consent)
            {
                return Refuse(auth, "It has no URL where people consent (authUrl) that could come over.");
            }

            settings["authorizationUrl"] = consent.Url.OriginalString;
            consent.AddTo(settings, "authorizationParameters");
            due = [.. consent.Due, .. due];
        }

        settings["tokenUrl"] = token.Url.OriginalString;
        token.AddTo(settings, "tokenParameters");
        settings["clientAuthentication"] = auth.Find("client_authentication")?.Text == "body" ? "post" : "basic";
        if (Setting(auth, "scope") is { } scope)
        {
            settings["scope"] = scope;
        }

        if (Setting(auth, "audience") is { } audience)
        {
            settings["audience"] = audience;
        }

        foreach (var further in auth.Parameters.Where(pair => pair.Name is "tokenRequestParams" or "authRequestParams" or "refreshRequestParams"))
        {
            report.Add(further.At, Outcome.NotImported, auth.Owner, $"{further.Name} did not come over; tokenParameters and authorizationParameters do that here.");
        }

        if (auth.Find("addTokenTo")?.Text == "queryParams")
        {
            report.Add(auth.At, Outcome.NotImported, auth.Owner, "Its token goes into the query; here it goes into the header Authorization.");
        }

        if (auth.Find("accessToken") is { } left)
        {
            secrets.Tell(left, auth.Owner, "an access token, which the vault gets itself");
        }

        var draft = WithSecrets(auth, new ProtocolDraft(settings) { NeedsConsent = grant == "authorizationCode" }.SignsInAt(token.Url), ("clientId", "ClientId", "the client id"), ("clientSecret", "ClientSecret", "the client secret"));
        foreach (var one in due)
        {
            draft.Needs(one.Name, one.Meaning, one.KnownValue, one.IsShared);
        }

        return grant == "password" ? WithSecrets(auth, draft, ("username", "Username", "the user name"), ("password", "Password", "the password")) : draft;
    }

    private ProtocolDraft OfAws(PostmanAuth auth)
    {
        var settings = new JsonObject { ["protocol"] = "awsSigV4", ["region"] = Setting(auth, "region") ?? "us-east-1", ["service"] = Setting(auth, "service") ?? "execute-api" };
        var draft = WithSecrets(auth, new ProtocolDraft(settings), ("accessKey", "AccessKeyId", "the access key id"), ("secretKey", "SecretAccessKey", "the secret access key"));
        return auth.Find("sessionToken") is null ? draft : WithSecrets(auth, draft, ("sessionToken", "SessionToken", "the session token"));
    }

    private ProtocolDraft? OfOAuth1(PostmanAuth auth)
    {
        var method = auth.Find("signatureMethod")?.Text ?? "HMAC-SHA1";
        if (method is not ("HMAC-SHA1" or "HMAC-SHA256" or "RSA-SHA1" or "PLAINTEXT"))
        {
            return Refuse(auth, $"The vault doesn't have the signature method {Shown.Of(method)}.");
        }

        var settings = new JsonObject { ["protocol"] = "oauth1", ["signatureMethod"] = method };
        if (Setting(auth, "realm") is { } realm)
        {
            settings["realm"] = realm;
        }

        var draft = WithSecrets(auth, new ProtocolDraft(settings), ("consumerKey", "ConsumerKey", "the consumer key"));
        _ = method == "RSA-SHA1"
            ? WithSecrets(auth, draft, ("privateKey", "PrivateKey", "the private key (PEM)"))
            : WithSecrets(auth, draft, ("consumerSecret", "ConsumerSecret", "the consumer secret"));
        return auth.Find("token") is null ? draft : WithSecrets(auth, draft, ("token", "Token", "the token"), ("tokenSecret", "TokenSecret", "the token secret"));
    }

    private TokenUrl? UrlOf(PostmanAuth auth, PostmanPair pair, string parameters)
    {
        if (variables.Resolve(pair.Text) is not { } text)
        {
            Drop(pair, auth, $"{pair.Name} names a variable that has no value: name an environment (--environment).");
            return null;
        }

        secrets.Leave(pair);
        return TokenUrl.Read(
            text, options.AllowHttp, parameters,
            (outcome, sentence) => report.Add(pair.At, outcome, auth.Owner, outcome is Outcome.NotImported ? $"{pair.Name} can't come over: {sentence}" : sentence));
    }
}
