using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>What a person consented to: for which named credential it is, what ends it, and what doesn't.</summary>
public sealed class ConsentTests : ProtocolBench
{
    private const string PerUser = """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""";
    private const string Consented = """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token", "revocationUrl": "@/revoke" }""";
    private const string PerEndpoint = """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token", "resource": "{!$Credential.Endpoint.Url}" }""";
    private const string Client = """{ "ClientId": "me", "ClientSecret": "the-client-secret" }""";
    private readonly ConcurrentQueue<RecordedRequest> _traded = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _held;
    private bool _givesRefreshTokens;
    private int _given;

    private string AnnPath => CredentialPath.Replace("/credential", "/users/ann/credential", StringComparison.Ordinal);

    private string ExternalPath => $"/api/v1/external-credentials/{Name}Login";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Service.Answer = AnswerAsync;
    }

    [Fact]
    public async Task ConsentPerEndpoint_IsForTheNamedCredentialThatItWasAskedFor()
    {
        var app = await DefineAsync(PerEndpoint, Client, principals: PerUser);
        await AddSecondAsync("/second/{!$Credential.ClientId}");

        // From a callout: for the one that was called.
        var link = await LinkOfAsync(await CallSecondAsync(app));
        Assert.Equal(Service.Url + "/second/me", QueryOf(link)["resource"]);
        await ConsentAsync(link);
        Assert.Equal(Service.Url + "/second/me", Form(Assert.Single(_traded))["resource"]);
        await ExpectAsync(await CallSecondAsync(app), 200);
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");

        // Asked for by an admin: which one has to be said, as for a refresh.
        foreach (var route in new[] { "/authorize", "/refresh" })
        {
            using var unnamed = await PostAsync(AnnPath + route, "{}");
            Assert.Contains("$.namedCredential", await unnamed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            await ExpectAsync(unnamed, 400, "invalid-request");
        }

        using var unknown = await PostAsync(AnnPath + "/authorize", """{ "namedCredential": "Nobody" }""");
        await ExpectAsync(unknown, 422, "unknown-reference");
        await ConsentAsync(await AuthorizeAsync(AnnPath, $$"""{ "namedCredential": "{{Name}}" }"""));
        Assert.Equal(Service.Url + "/api", Form(_traded.Last())["resource"]);
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        await ExpectAsync(await CallSecondAsync(app), 200);
        Assert.Equal(2, _traded.Count);
    }

    [Theory]
    [InlineData("url")]
    [InlineData("gone")]
    [InlineData("settings")]
    public async Task ConsentPerEndpoint_WhereThatIsAnotherMeanwhile_IsNotGiven(string edit)
    {
        var app = await DefineAsync(PerEndpoint, Client, principals: PerUser);
        await AddSecondAsync("/second");
        var link = await LinkOfAsync(await CallSecondAsync(app));
        await (edit switch
        {
            "url" => Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Second", $$"""{ "url": "{{Service.Url}}/third", "externalCredential": "{{Name}}Login" }"""),
            "gone" => Vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/Second"),
            _ => EditAsync(external => external["authentication"]!["scope"] = "write"),
        });
        using var page = await CallBackAsync(link);
        Assert.Equal(400, (int)page.StatusCode);
        Assert.Empty(_traded);
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
    }

    [Fact]
    public async Task DeviceConsentPerEndpoint_IsForTheNamedCredentialThatItWasAskedFor()
    {
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "deviceCode", "deviceAuthorizationUrl": "@/device", "tokenUrl": "@/token", "resource": "{!$Credential.Endpoint.Url}" }""", Client);
        await AddSecondAsync("/second");
        using var missing = await app.GetAsync("/callout/Second/record");
        Assert.Contains("namedCredential Second", await missing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", """{ "namedCredential": "second" }""");
        JsonNode? status = null;
        for (var asked = 0; asked < 5000 && status?["tokens"]!.AsArray().Count is not 1; asked++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            status = await Vault.AdminAsync(HttpMethod.Get, CredentialPath);
        }

        Assert.Equal("Second", (string?)status!["tokens"]![0]!["namedCredential"]);
        Assert.Equal(Service.Url + "/second", Form(Assert.Single(_traded))["resource"]);
        await ExpectAsync(await app.GetAsync("/callout/Second/record"), 200);
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NarrowerHosts_EndNoConsent(bool givesRefreshTokens)
    {
        _givesRefreshTokens = givesRefreshTokens;
        var app = await DefineAsync(Consented, Client, principals: PerUser, hosts: """, "https://spare.example" """);
        await ConsentAsync(await AuthorizeAsync(AnnPath));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        await EditAsync(external => external["allowedHosts"]!.AsArray().RemoveAt(1));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Single(_traded);

        // What can't be renewed ends when it ends.
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app, user: "ann"), givesRefreshTokens ? 200 : 409, givesRefreshTokens ? null : "credential-not-configured");
    }

    [Fact]
    public async Task NarrowerHosts_EndNoRequestForConsent()
    {
        var app = await DefineAsync(Consented, Client, principals: PerUser, hosts: """, "https://spare.example" """);
        var link = await LinkOfAsync(await CallAsync(app, user: "ann"));
        await EditAsync(external => external["allowedHosts"]!.AsArray().RemoveAt(1));

        // Callouts go on giving it.
        Assert.Equal(link, await LinkOfAsync(await CallAsync(app, user: "ann")));
        await ConsentAsync(link);
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);

        // It was good once.
        using var again = await CallBackAsync(link);
        Assert.Equal(400, (int)again.StatusCode);
    }

    [Theory]
    [InlineData("PUT", """{ "ClientId": "me", "ClientSecret": "another-secret" }""", true)]
    [InlineData("PUT", """{ "clientid": "me" }""", true)]
    [InlineData("PATCH", """{ "ClientId": "me", "ClientSecret": "another-secret" }""", true)]
    [InlineData("PATCH", """{ "RefreshToken": null }""", true)]
    [InlineData("PUT", """{ "ClientId": "Me", "ClientSecret": "the-client-secret" }""", false)]
    [InlineData("PUT", """{ "ClientSecret": "the-client-secret" }""", false)]
    [InlineData("PUT", """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "a-refresh-token" }""", false)]
    [InlineData("PATCH", """{ "ClientId": "other" }""", false)]
    [InlineData("PATCH", """{ "ClientId": null }""", false)]
    public async Task SetOfSecrets_EndsConsents_OnlyWhereTheClientIsAnother(string method, string parameters, bool isKept)
    {
        var app = await DefineAsync(Consented, Client, principals: PerUser);
        await ConsentAsync(await AuthorizeAsync(AnnPath));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        var bobs = await LinkOfAsync(await CallAsync(app, user: "bob"));
        Time.Advance(TimeSpan.FromSeconds(1));
        var before = await UpdatedAtAsync();
        await Vault.AdminAsync(new HttpMethod(method), CredentialPath, $$"""{ "parameters": {{parameters}} }""");
        Assert.Equal(isKept, Service.Requests.All(request => request.Target != "/revoke"));
        using var page = await CallBackAsync(bobs);
        Assert.Equal(isKept ? 200 : 400, (int)page.StatusCode);

        // Another client's consent is none, whoever comes back.
        await Vault.AdminAsync(HttpMethod.Patch, CredentialPath, """{ "parameters": { "ClientSecret": "a-third-secret" } }""");
        foreach (var user in new[] { "ann", "bob" })
        {
            await ExpectAsync(await CallAsync(app, user: user), isKept ? 200 : 409, isKept ? null : "credential-not-configured");
        }

        Assert.Equal(isKept ? 2 : 1, _traded.Count);

        // It was set, whether or not to what it was.
        Assert.True(parameters.Contains("null", StringComparison.Ordinal) || await UpdatedAtAsync() != before);

        async Task<string?> UpdatedAtAsync() => (string?)(await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["parameters"]!.AsArray()
            .FirstOrDefault(parameter => "ClientId".Equals((string?)parameter!["name"], StringComparison.OrdinalIgnoreCase))?["updatedAt"];
    }

    [Theory]
    [InlineData("refresh-token-0", true)]
    [InlineData("refresh-token-x", false)]
    public async Task SetOfSecrets_WithTheRefreshTokenThatWasEntered_KeepsWhatCameOfIt(string entered, bool isKept)
    {
        _givesRefreshTokens = true;
        var app = await DefineAsync(Consented, """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "refresh-token-0" }""");
        await ExpectAsync(await CallAsync(app), 200);
        await Vault.AdminAsync(
            HttpMethod.Put, CredentialPath, $$"""{ "parameters": { "ClientId": "me", "ClientSecret": "another-secret", "RefreshToken": "{{entered}}" } }""");
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(["refresh-token-0", isKept ? "refresh-token-1" : entered], _traded.Select(request => Form(request)["refresh_token"]));
    }

    [Theory]
    [InlineData("me", 200)]
    [InlineData("other", 409)]
    public async Task InlineSetOfSecrets_EndsConsents_OnlyWhereTheClientIsAnother(string client, int status)
    {
        var app = await DefineAsync("""{ "protocol": "none" }""", "");
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", Inline("me", "the-client-secret"));
        await Vault.GrantAsync(Name + "App", "Second", "*");
        await ConsentAsync(await AuthorizeAsync("/api/v1/external-credentials/Second/principals/default/credential"));
        await ExpectAsync(await app.GetAsync("/callout/Second/record"), 200);
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Second", Inline(client, "another-secret"));
        await ExpectAsync(await app.GetAsync("/callout/Second/record"), status, status == 200 ? null : "credential-not-configured");

        string Inline(string id, string secret) => $$"""
            { "name": "Second", "url": "{{Service.Url}}/second", "authentication": { "protocol": "oauth2", "grant": "authorizationCode",
              "authorizationUrl": "{{Service.Url}}/authorize", "tokenUrl": "{{Service.Url}}/token", "clientId": "{{id}}", "clientSecret": "{{secret}}" } }
            """;
    }

    [Theory]
    [InlineData(PerUser)]
    [InlineData("")]
    public async Task ConsentToOtherSettings_IsNotConfiguredAnyMore_WhereverThatIsRead(string principals)
    {
        var app = await DefineAsync(Consented, Client, principals: principals);
        var credential = principals.Length > 0 ? AnnPath : CredentialPath;
        await ConsentAsync(await AuthorizeAsync(credential));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Equal(("configured", "configured"), await StatusesAsync());
        var written = await EditAsync(external => external["authentication"]!["scope"] = "write");
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
        Assert.Equal(("notConfigured", "notConfigured"), await StatusesAsync());
        Assert.Equal(principals.Length > 0 ? "configured" : "notConfigured", (string?)written!["principals"]![0]!["status"]);

        // What was consented to is as good as before, once the settings are.
        written = await EditAsync(external => external["authentication"]!.AsObject().Remove("scope"));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Equal(("configured", "configured"), await StatusesAsync());
        Assert.Equal("configured", (string?)written!["principals"]![0]!["status"]);

        async Task<(string?, string?)> StatusesAsync() => (
            (string?)(await Vault.AdminAsync(HttpMethod.Get, credential))!["status"],
            principals.Length > 0
                ? (string?)Assert.Single((await Vault.AdminAsync(HttpMethod.Get, ExternalPath + "/principals/default/users"))!["items"]!.AsArray())!["status"]
                : (string?)(await Vault.AdminAsync(HttpMethod.Get, ExternalPath))!["principals"]![0]!["status"]);
    }

    [Fact]
    public async Task ConsentTakenBackWhileItsCodeIsTraded_IsRevoked()
    {
        _givesRefreshTokens = true;
        var app = await DefineAsync(Consented, Client, principals: PerUser);
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var page = CallBackAsync(await AuthorizeAsync(AnnPath));
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Vault.AdminAsync(HttpMethod.Delete, AnnPath);
        _held.SetResult();
        Assert.Equal(400, (int)(await page).StatusCode);
        Assert.Equal(
            ["refresh-token-1", "access-token-1"], Service.Requests.Where(request => request.Target == "/revoke").Select(request => Form(request)["token"]));
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
    }

    [Fact]
    public async Task ConsentWithoutARefreshToken_IsTestedAsItIs_AndARefreshSaysWhatIsMissing()
    {
        var app = await DefineAsync(Consented, Client);
        await ConsentAsync(await AuthorizeAsync(CredentialPath));
        var end = (string?)(await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]![0]!["expiresAt"];
        var test = await TestAsync();
        Assert.True((bool)test["ok"]!, test.ToJsonString());
        using var refreshed = await PostAsync(CredentialPath + "/refresh", "{}");
        var detail = (string?)JsonNode.Parse(await refreshed.Content.ReadAsStringAsync())!["detail"];
        await ExpectAsync(refreshed, 409, "credential-not-configured");
        Assert.Contains("no refresh token", detail, StringComparison.Ordinal);
        Assert.Contains(DateTimeOffset.Parse(end!, null).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null), detail, StringComparison.Ordinal);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Single(_traded);

        // Once it has ended, consent is what is missing.
        Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("credential-not-configured", (string?)(await TestAsync())["failure"]!["code"]);
        using var late = await PostAsync(CredentialPath + "/refresh", "{}");
        Assert.Contains("missing", await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await ExpectAsync(late, 409, "credential-not-configured");
    }

    [Theory]
    [InlineData("a: b", "{\"t\":\"{!$Credential.OAuthToken}\"}")]
    [InlineData("X-T: {!$Token.accessToken}", "{}")]
    [InlineData("a: b", "{}")]
    public async Task ConsentOfAUser_IsAskedForAndTaken_WhereOnlyACallersContentMayNameTheToken(string header, string body)
    {
        var app = await DefineAsync(
            Consented, Client, principals: PerUser, named: """, "generateAuthorizationHeader": false, "allowMergeFieldsInBody": true, "allowMergeFieldsInHeader": true""");
        await ConsentAsync(await LinkOfAsync(await SendAsync()));
        await ExpectAsync(await SendAsync(), 200);
        var sent = Service.Requests[^1];
        var expected = $"{header}\n{body}".Replace("{!$Credential.OAuthToken}", "access-token-1", StringComparison.Ordinal).Replace("{!$Token.accessToken}", "access-token-1", StringComparison.Ordinal);
        var name = header.Split(':')[0];
        Assert.Equal(expected, $"{name}: {sent.Header(name)}\n{sent.Text}");

        Task<HttpResponseMessage> SendAsync()
        {
            var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            var request = new HttpRequestMessage(HttpMethod.Post, $"/callout/{Name}/record") { Content = content };
            request.Headers.Add("X-Vault-User", "ann");
            request.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
            return app.SendAsync(request);
        }
    }

    [Fact]
    public async Task ConsentWithoutARefreshToken_WhoseTokenTheServiceRefuses_IsAskedForAgain()
    {
        var app = await DefineAsync(Consented, Client, principals: PerUser);
        await ConsentAsync(await LinkOfAsync(await CallAsync(app, user: "ann")));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Service.Answer = (context, request) => request.Header("Authorization") == "Bearer access-token-1" ? AnswerAsync(context, 401, "{}") : AnswerAsync(context, request);
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
        await ConsentAsync(await LinkOfAsync(await CallAsync(app, user: "ann")));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Equal("Bearer access-token-2", Service.Requests[^1].Header("Authorization"));
    }

    [Theory]
    [InlineData(Consented, "{}", "principals/{principal}/credential")]
    [InlineData("""{ "protocol": "password" }""", """{ "Username": "all" }""", "principals/{principal}/users/{user}/credential")]
    public async Task MissingParameter_IsToBeSetWhereItBelongs(string authentication, string shared, string route)
    {
        var app = await DefineAsync(authentication, shared, principals: PerUser);
        using var answer = await CallAsync(app, user: "ann");
        Assert.Contains(route, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"], StringComparison.Ordinal);
        await ExpectAsync(answer, 409, "credential-not-configured");
    }

    [Fact]
    public async Task RefusedConsent_LeadsBack()
    {
        await DefineAsync(Consented, Client);
        var link = await AuthorizeAsync(CredentialPath, """{ "returnUrl": "https://app.example/settings/x?a=1&b='2'#c" }""");
        using var page = await CallBackAsync(link, "error=access_denied");
        var html = await page.Content.ReadAsStringAsync();
        Assert.Equal(400, (int)page.StatusCode);
        Assert.Contains("access_denied", html, StringComparison.Ordinal);
        Assert.Contains("""<a href="https://app.example/settings/x?a=1&amp;b=&#39;2&#39;#c">""", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        // Whoever has no request has no way back either.
        using var again = await CallBackAsync(link, "error=access_denied");
        Assert.DoesNotContain("href", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        switch (request.Target)
        {
            case "/token":
                _traded.Enqueue(request);
                _reached.TrySetResult();
                await (_held?.Task ?? Task.CompletedTask);
                var number = Interlocked.Increment(ref _given);
                var renewal = _givesRefreshTokens ? $", \"refresh_token\": \"refresh-token-{number}\"" : "";
                await AnswerAsync(context, 200, $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 3600{{renewal}} }""");
                break;
            case "/device":
                await AnswerAsync(context, 200, $$"""{ "device_code": "device-code-1", "user_code": "WDJB", "verification_uri": "{{Service.Url}}/enter", "expires_in": 86400, "interval": 5 }""");
                break;
        }
    }

    private async Task AddSecondAsync(string path)
    {
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Second", "url": "{{Service.Url}}{{path}}", "externalCredential": "{{Name}}Login" }""");
        await Vault.GrantAsync(Name + "App", "Second", "*");
    }

    private static Task<HttpResponseMessage> CallSecondAsync(HttpClient app)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/callout/Second/record");
        request.Headers.Add("X-Vault-User", "ann");
        return app.SendAsync(request);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        Vault.AdminClient.PostAsync(path, new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));

    private async Task<JsonNode?> EditAsync(Action<JsonNode> change)
    {
        var external = (await Vault.AdminAsync(HttpMethod.Get, ExternalPath))!;
        change(external);
        return await Vault.AdminAsync(HttpMethod.Put, ExternalPath, external.ToJsonString());
    }

    private async Task<string> AuthorizeAsync(string credential, string body = "{}") =>
        (string)(await Vault.AdminAsync(HttpMethod.Post, credential + "/authorize", body))!["authorizationUrl"]!;

    private static async Task<string> LinkOfAsync(HttpResponseMessage missing)
    {
        var problem = JsonNode.Parse(await missing.Content.ReadAsStringAsync())!;
        await ExpectAsync(missing, 409, "credential-not-configured");
        return (string)problem["authorizationUrl"]!;
    }

    private static Dictionary<string, string> QueryOf(string link) => QueryHelpers.ParseQuery(new Uri(link).Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());

    private async Task<HttpResponseMessage> CallBackAsync(string link, string answer = "code=c")
    {
        using var browser = Vault.CreateClient((string?)null);
        return await browser.GetAsync($"/oauth/callback?{answer}&state={Uri.EscapeDataString(QueryOf(link)["state"])}");
    }

    private async Task ConsentAsync(string link)
    {
        using var page = await CallBackAsync(link);
        Assert.True(page.StatusCode is HttpStatusCode.OK, await page.Content.ReadAsStringAsync());
    }
}
