using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>The rest of the <c>login</c> engine: XML, regular expressions, refresh and logout, per-user logins, preview and test.</summary>
public sealed class LoginInFullTests : ProtocolBench
{
    private const string Secrets = """{ "Username": "ann", "Password": "the-pass&word" }""";

    [Fact]
    public async Task XmlAndRegex_AreExtracted_AndUsedEverywhere()
    {
        Service.Answer = async (context, request) =>
        {
            switch (request.Target)
            {
                case "/api/page":
                    context.Response.Headers.SetCookie = "session=cookie-1; Path=/; HttpOnly";
                    await AnswerAsync(context, 200, """<html><form><input name="csrf" value="csrf-token-1"></form></html>""", "text/html");
                    break;
                case "/api/soap/csrf-token-1?c=cookie-1":
                    await AnswerAsync(context, 200, """
                        <s:Envelope xmlns:s="http://soap"><s:Body><r xmlns="urn:r"><sessionId>session-id-1</sessionId><n>7</n></r></s:Body></s:Envelope>
                        """, "text/xml");
                    break;
                default:
                    await AnswerAsync(context, request.Header("Authorization") == "Session session-id-1:7" && request.Header("Cookie") == "session=cookie-1" ? 200 : 401, "", "text/plain");
                    break;
            }
        };
        var app = await DefineAsync("""
            { "protocol": "login", "steps": [
                { "request": { "method": "GET", "url": "/page" }, "extract": { "csrf": "regex:name=\"csrf\" value=\"([^\"]+)\"", "cookie": "cookie:session" } },
                { "request": { "url": "/soap/{!$Token.csrf}", "query": { "c": "{!$Token.cookie}" }, "headers": { "X-Path": "{!$Request.Path}" }, "contentType": "text/xml",
                    "body": "<login><user>{!$Credential.Username}</user><password>{!$Credential.Password}</password><csrf>{!$Token.csrf}</csrf></login>" },
                  "extract": { "session": "xpath://s:Body/*[local-name()='r']/*[local-name()='sessionId']", "count": "xpath:number(//*[local-name()='n'])" } } ],
              "apply": { "headers": { "Authorization": "Session {!$Token.session}:{!$Token.count}" }, "cookies": { "session": "{!$Token.cookie}" } } }
            """, Secrets);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal("<login><user>ann</user><password>the-pass&amp;word</password><csrf>csrf-token-1</csrf></login>", Service.Requests[1].Text);
        var test = await TestAsync();
        Assert.True((bool)test["ok"]!, test.ToJsonString());
        Assert.Equal(3, test["steps"]!.AsArray().Count);
        Assert.Equal("<login><user>••••••(Username)</user><password>••••••(Password)</password><csrf>••••••(csrf)</csrf></login>", (string?)test["steps"]![1]!["request"]!["body"]);
        Assert.All(new[] { "ann", "the-pass", "csrf-token-1", "cookie-1", "session-id-1" }, secret => Assert.DoesNotContain(secret, test.ToJsonString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("xpath://a", "<r><a>1</a><a>2</a></r>")]
    [InlineData("xpath://a", "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><r><a>&e;</a></r>")]
    [InlineData("xpath://a", "no xml")]
    [InlineData("xpath://a", "(many prefixes)")]
    [InlineData("xpath://nope:a", "<r><a>1</a></r>")]
    [InlineData("regex:t=([a-z]+)", "t=abc t=def")]
    [InlineData("regex:t=([a-z]+)", "nothing")]
    public async Task Extraction_OfNotExactlyOneValue_Fails(string extract, string answer)
    {
        if (answer == "(many prefixes)")
        {
            answer = $"<a {string.Join(' ', Enumerable.Range(0, 500).Select(number => $"xmlns:p{number}='urn:{number}'"))}>1</a>";
        }

        Service.Answer = (context, _) => AnswerAsync(context, 200, answer, "text/plain");
        var app = await DefineAsync(
            $$$"""{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "{{{extract}}}" } } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } } }""", "");
        await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
    }

    [Fact]
    public async Task Extraction_OfANameAgain_UsesTheLater_AndMasksBoth()
    {
        var number = 0;
        Service.Answer = async (context, request) =>
        {
            if (request.Target is not ("/api/page" or "/api/login"))
            {
                await AnswerAsync(context, 200, $"{request.Header("Cookie")} session-number-1", "text/plain");
                return;
            }

            context.Response.Headers.SetCookie = $"session=session-number-{++number}; Path=/";
            await AnswerAsync(context, request.Target == "/api/page" || request.Header("Cookie") == "session=session-number-1" ? 200 : 403, "", "text/plain");
        };
        var app = await DefineAsync("""
            { "protocol": "login", "steps": [
                { "request": { "method": "GET", "url": "/page" }, "extract": { "session": "cookie:session" } },
                { "request": { "url": "/login", "headers": { "Cookie": "session={!$Token.session}" }, "form": { "p": "{!$Credential.Password}" } }, "extract": { "session": "cookie:session" } } ],
              "apply": { "cookies": { "session": "{!$Token.session}" } } }
            """, Secrets);
        Assert.Equal("session=**************** ****************", await (await CallAsync(app)).Content.ReadAsStringAsync());
        Assert.Equal("session=session-number-2", Service.Requests[^1].Header("Cookie"));
    }

    [Theory]
    [InlineData("/api/t1", "")]
    [InlineData("/api/{!$Credential.Username}", "")]
    [InlineData("/api/{!$Request.Nonce}", "")]
    [InlineData("/api/{!$Credential.Username}", "", "/login")]
    [InlineData("/api", """, "generateAuthorizationHeader": false, "allowMergeFieldsInBody": true""", "@/login", """{ "method": "POST", "body": "{!$Token.t}" }""")]
    [InlineData("/api", """, "generateAuthorizationHeader": false, "allowMergeFieldsInHeader": true""", "@/login", """{ "headers": { "X-T": "{!$Token.t}" } }""")]
    public async Task Test_SignsInAnew_HoweverTheCalloutComesToItsToken(string url, string named, string login = "@/login", string request = "{}")
    {
        var status = 200;
        Service.Answer = (context, sent) => AnswerAsync(context, sent.Target.EndsWith("/login", StringComparison.Ordinal) ? status : 200, """{ "t": "the-live-token" }""");
        using var app = await DefineAsync(
            $$$"""{ "protocol": "login", "steps": [ { "request": { "url": "{{{login}}}" }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""", Secrets, named);
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + Name, $$"""{ "url": "{{Service.Url}}{{url}}", "externalCredential": "{{Name}}Login"{{named}} }""");

        // A good one first, so that there is a token; then one that fails, one within the pause after that, and a good one within it.
        foreach (var answer in new[] { 200, 200, 403, 403, 200 })
        {
            status = answer;
            Service.Clear();
            var test = await TestAsync(request);
            var steps = test["steps"]!.AsArray().Select(step => ((string?)step!["name"], (int?)step["status"])).ToArray();
            Assert.Equal(answer == 200 ? [("The login request", 200), ("The request", 200)] : [("The login request", 403)], steps);
            Assert.Equal((answer == 200, answer == 200 ? null : "sign-in"), ((bool)test["ok"]!, (string?)test["failure"]?["where"]));
            Assert.Equal(steps.Length, Service.Requests.Count);
            Assert.DoesNotContain("the-live-token", test.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.access_token" } } ] }""")]
    [InlineData("""
        { "protocol": "login", "steps": [ { "request": { "url": "/login", "headers": { "X-At": "{!$Credential.Endpoint.Url}", "X-Path": "{!$Request.Path}" }, "query": { "at": "{!$Credential.Endpoint.Url}" },
          "json": { "at": "{!$Credential.Endpoint.Url}", "path": "{!UPPER($Request.Path)}" } }, "extract": { "t": "$.access_token" } } ] }
        """)]
    [InlineData("""
        { "protocol": "login", "steps": [ { "request": { "url": "@/login", "form": { "at": "{!BASE64ENCODE($Credential.Endpoint.Url)}", "too": "{!$Credential.Endpoint.Url}" } }, "extract": { "t": "$.access_token" } } ] }
        """)]
    [InlineData("""
        { "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "clientAuthentication": "none", "scope": "{!$Credential.Endpoint.Url}", "audience": "{!$Credential.Endpoint.Url}", "resource": "{!$Credential.Endpoint.Url}",
          "tokenParameters": { "at": "{!$Credential.Endpoint.Url}" }, "tokenHeaders": { "X-At": "{!$Credential.Endpoint.Url}" } }
        """)]
    public async Task Test_ShowsNoParameterOfTheUrl(string authentication)
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "access_token": "the-live-token", "token_type": "Bearer" }""");
        using var app = await DefineAsync(authentication, """{ "ClientId": "client-7", "BotKey": "the-bot-key", "User": "the-bot-user" }""");
        await Vault.AdminAsync(
            HttpMethod.Put, "/api/v1/named-credentials/" + Name,
            $$"""{ "url": "{{Service.Url}}/bot{!$Credential.BotKey}/{!$Credential.User}", "externalCredential": "{{Name}}Login", "customHeaders": [ { "name": "X-T", "value": "{!$Credential.OAuthToken}" } ] }""");
        var test = (await TestAsync("{}")).ToJsonString();
        Assert.Contains("\"ok\":true", test, StringComparison.Ordinal);
        var sent = string.Concat(Service.Requests.Select(request => request.Target + string.Concat(request.Headers.Select(header => header.Value)) + request.Text));
        Assert.Contains("the-bot-key", sent, StringComparison.Ordinal);
        foreach (var secret in new[] { "the-bot-key", "THE-BOT-KEY", "the-bot-user", "the-live-token", Convert.ToBase64String(Encoding.UTF8.GetBytes(Service.Url + "/bot"))[..^4] })
        {
            Assert.DoesNotContain(secret, test, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Refresh_TurnsTheOldIntoTheNew_AndFallsBackToTheLogin_AndLogoutEnds()
    {
        var isRefreshable = true;
        var number = 0;
        var live = "";
        Service.Answer = async (context, request) =>
        {
            var token = request.Target switch
            {
                "/api/login" => live = "login-token-" + ++number,
                "/api/refresh" when isRefreshable && request.Text == "old=" + live => live = "fresh-token-" + ++number,
                "/api/refresh" => null,
                "/api/logout" => "gone",
                _ => request.Header("X-Token") == live ? "ok" : null,
            };
            await AnswerAsync(context, token is null ? 401 : 200, $$"""{ "token": "{{token}}", "expires": 1000 }""");
        };
        var app = await DefineAsync("""
            { "protocol": "login",
              "steps": [ { "request": { "url": "/login", "json": { "user": "{!$Credential.Username}", "password": "{!$Credential.Password}" } }, "extract": { "token": "$.token", "expires": "$.expires" } } ],
              "refresh": [ { "request": { "url": "/refresh", "form": { "old": "{!$Token.token}" } }, "extract": { "token": "$.token" } } ],
              "logout": [ { "request": { "method": "DELETE", "url": "/logout", "headers": { "X-Token": "{!$Token.token}", "X-User": "{!$Credential.Username}" } } } ],
              "expiresIn": "expires", "apply": { "headers": { "X-Token": "{!$Token.token}" } } }
            """, Secrets);
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromSeconds(1001));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal("fresh-token-2", live);
        isRefreshable = false;
        Time.Advance(TimeSpan.FromSeconds(1001));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal("login-token-3", live);
        await Vault.AdminAsync(HttpMethod.Put, CredentialPath, $$"""{ "parameters": {{Secrets}} }""");
        var logout = Assert.Single(Service.Requests, request => request.Target == "/api/logout");
        Assert.Equal(("DELETE", "login-token-3", "ann"), (logout.Method, logout.Header("X-Token"), logout.Header("X-User")));
    }

    [Theory]
    [InlineData("""[ { "request": { "url": "/refresh" }, "extract": { "t": "$.t" } } ]""")]
    [InlineData("""[ { "request": { "url": "/first" } }, { "request": { "url": "/refresh" }, "extract": { "t": "$.t" } } ]""")]
    public async Task Refresh_ThatHangs_LeavesTimeForTheLogin(string refresh)
    {
        var number = 0;
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.Answer = async (context, request) =>
        {
            if (request.Target == "/api/refresh")
            {
                hangs.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            await AnswerAsync(context, 200, $$"""{ "t": "login-token-{{(request.Target == "/api/login" ? ++number : number)}}" }""");
        };
        var app = await DefineAsync(
            $$$"""
            { "protocol": "login", "steps": [ { "request": { "url": "/login", "json": { "p": "{!$Credential.Password}" } }, "extract": { "t": "$.t" } } ], "refresh": {{{refresh}}},
              "lifetimeSeconds": 100, "apply": { "headers": { "X-Token": "{!$Token.t}" } } }
            """,
            Secrets);
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromSeconds(100));
        var call = CallAsync(app);
        await hangs.Task;
        Time.Advance(TimeSpan.FromSeconds(10));
        await ExpectAsync(await call, 200);
        Assert.Equal("login-token-2", Service.Requests[^1].Header("X-Token"));
    }

    [Theory]
    [InlineData("{!$Request.Id}")]
    [InlineData("{!$Request.UnixTimeMs}")]
    [InlineData("{!$Request.Nonce}{!$Credential.Tenant}")]
    public async Task RelativeLogin_WhereEachRequestHasAnotherUrl_IsOneForAllOfThem_UntilAParameterChanges(string number)
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "t": "the-live-token" }""");
        var app = await DefineAsync(
            """{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""",
            """{ "Tenant": "the-first-tenant" }""");
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + Name, $$"""{ "url": "{{Service.Url}}/api?n={{number}}", "externalCredential": "{{Name}}Login" }""");
        foreach (var logins in new[] { 1, 2 })
        {
            for (var calls = 0; calls < 3; calls++)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await ExpectAsync(await CallAsync(app), 200);
            }

            Assert.Equal(logins, Service.Requests.Count(request => request.Target.StartsWith("/api/login", StringComparison.Ordinal)));
            Assert.Equal("valid", (string?)Assert.Single((await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]!.AsArray())!["status"]);
            await Vault.AdminAsync(HttpMethod.Patch, CredentialPath, """{ "parameters": { "Tenant": "the-second-tenant" } }""");
        }
    }

    [Fact]
    public async Task Logout_RunsWhenTheInlineCredentialGoesWithItsNamedCredential()
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "t": "the-live-token" }""");
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$$"""
            { "name": "Inline", "url": "{{{Service.Url}}}/in", "authentication": { "protocol": "login",
                "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.t" } } ], "logout": [ { "request": { "url": "/logout", "headers": { "X-Token": "{!$Token.t}" } } } ],
                "apply": { "headers": { "X-Token": "{!$Token.t}" } }, "parameters": { "A": "a-secret-of-it" } } }
            """);
        using var client = Vault.CreateClient(await Vault.CreateAppAsync("InlineApp", "Inline"));
        using var answer = await client.GetAsync("/callout/Inline/x");
        await ExpectAsync(answer, 200);
        await Vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/Inline");
        Assert.Equal("the-live-token", Assert.Single(Service.Requests, request => request.Target == "/in/logout").Header("X-Token"));
    }

    [Theory]
    [InlineData("deleted", 1)]
    [InlineData("url", 1)]
    [InlineData("linked elsewhere", 1)]
    [InlineData("label", 0)]
    public async Task Logout_OfANamedCredentialsOwnToken_RunsWhereItWasMade_WhenThatPlaceGoes(string change, int count)
    {
        var number = 0;
        Service.Answer = (context, _) => AnswerAsync(context, 200, $$"""{ "t": "the-live-token-{{++number}}" }""");
        var app = await DefineAsync(
            """
            { "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.t" } } ],
              "logout": [ { "request": { "url": "/logout", "headers": { "X-Token": "{!$Token.t}", "X-User": "{!$Credential.Username}" } } } ],
              "apply": { "headers": { "X-Token": "{!$Token.t}" } } }
            """,
            Secrets);
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Sibling", "url": "{{Service.Url}}/sibling", "externalCredential": "{{Name}}Login" }""");
        await Vault.GrantAsync(Name + "App", "Sibling", "*");
        await ExpectAsync(await CallAsync(app), 200);
        await ExpectAsync(await app.GetAsync("/callout/Sibling/x"), 200);
        var path = "/api/v1/named-credentials/" + Name;
        switch (change)
        {
            case "deleted":
                await Vault.AdminAsync(HttpMethod.Delete, path);
                break;
            case "url":
                await Vault.AdminAsync(HttpMethod.Put, path, $$"""{ "url": "{{Service.Url}}/moved", "externalCredential": "{{Name}}Login" }""");
                break;
            case "label":
                await Vault.AdminAsync(HttpMethod.Put, path, $$"""{ "url": "{{Service.Url}}/api", "externalCredential": "{{Name}}Login", "label": "Another" }""");
                break;
            default:
                await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "Elsewhere", "authentication": { "protocol": "none" }, "allowedHosts": ["{{Service.Url}}"] }""");
                await Vault.AdminAsync(HttpMethod.Put, path, $$"""{ "url": "{{Service.Url}}/api", "externalCredential": "Elsewhere" }""");
                break;
        }

        Assert.Equal(
            Enumerable.Repeat(("/api/logout", "the-live-token-1", "ann"), count),
            Service.Requests.Where(request => request.Target.EndsWith("/logout", StringComparison.Ordinal)).Select(request => (request.Target, request.Header("X-Token")!, request.Header("X-User")!)));

        // The others keep theirs, and what was ended isn't ended again.
        await ExpectAsync(await app.GetAsync("/callout/Sibling/x"), 200);
        Assert.Single(Service.Requests, request => request.Target == "/sibling/login");
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        Assert.Equal(
            ["/api/logout", "/sibling/logout"],
            Service.Requests.Select(request => request.Target).Where(target => target.EndsWith("/logout", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Logout_ThatFails_LetsTheNamedCredentialGo()
    {
        Service.Answer = (context, request) => AnswerAsync(context, request.Target == "/api/logout" ? 500 : 200, """{ "t": "the-live-token" }""");
        var app = await DefineAsync(
            """{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.t" } } ], "logout": [ { "request": { "url": "/logout" } } ], "apply": { "headers": { "X-Token": "{!$Token.t}" } } }""",
            Secrets);
        await ExpectAsync(await CallAsync(app), 200);
        await Vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/" + Name);
        Assert.Single(Service.Requests, request => request.Target == "/api/logout");
        Assert.Empty((await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]!.AsArray());
    }

    [Fact]
    public async Task PerUser_EachHasTheirOwnToken_AndNobodyElses()
    {
        Service.Answer = (context, request) => request.Target == "/api/login"
            ? AnswerAsync(context, 200, $$"""{ "t": "token-of-{{(string?)JsonNode.Parse(request.Text)!["u"]}}" }""")
            : AnswerAsync(context, 200, request.Header("X-Token")!.Replace("token-of-", "", StringComparison.Ordinal), "text/plain");
        var app = await DefineAsync(
            """{ "protocol": "login", "steps": [ { "request": { "url": "/login", "json": { "u": "{!$Credential.Username}", "p": "{!$Credential.Password}", "id": "{!$User.Id}" } }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-Token": "{!$Token.t}" } }, "notSecret": [] }""",
            "", principals: """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""");
        foreach (var (route, name) in new[] { ("ann%40x", "ann"), ("a%2Fb%20c", "bob") })
        {
            await Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{Name}Login/principals/default/users/{route}/credential", $$"""{ "parameters": { "Username": "{{name}}", "Password": "p-of-{{name}}" } }""");
        }

        Assert.Equal("ann", await (await CallAsync(app, user: "ann@x")).Content.ReadAsStringAsync());
        Assert.Equal("bob", await (await CallAsync(app, user: "a/b c")).Content.ReadAsStringAsync());
        Assert.Equal("a/b c", (string?)JsonNode.Parse(Service.Requests[2].Text)!["id"]);
        await ExpectAsync(await CallAsync(app, user: "carl"), 409, "credential-not-configured");
        await ExpectAsync(await CallAsync(app), 400, "user-required");
        var users = await Vault.AdminAsync(HttpMethod.Get, $"/api/v1/external-credentials/{Name}Login/principals/default/users?pageSize=1");
        Assert.Equal("a/b c", (string?)users!["items"]![0]!["user"]);
        users = await Vault.AdminAsync(HttpMethod.Get, $"/api/v1/external-credentials/{Name}Login/principals/default/users?pageSize=1&pageToken={users["nextPageToken"]}");
        Assert.Equal("ann@x", (string?)users!["items"]![0]!["user"]);

        await Vault.AdminAsync(HttpMethod.Put, $"/api/v1/apps/{Name}App", "{}");
        await ExpectAsync(await CallAsync(app, user: "ann@x"), 403, "callout-not-granted");
    }

    [Fact]
    public async Task Preview_ShowsTheRequest_MaskedAndOtherwiseByteForByte()
    {
        await DefineAsync("""{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-pass&word", "Tenant": "the-tenant-value" }""",
            named: """, "allowMergeFieldsInBody": true, "customHeaders": [ { "name": "X-Tenant", "value": "t-{!$Credential.Tenant}" } ]""");
        using var response = await Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{Name}/preview", new StringContent(
            """{ "method": "POST", "path": "/a%2Fb?q=1", "headers": { "Content-Type": "application/json", "X-Own": "own" }, "body": "{\"u\":\"{!$Credential.Username}\",\"p\" : \"{!$Credential.Password}\"}" }""",
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        var shown = JsonNode.Parse(text)!;
        Assert.Equal(Service.Url + "/api/a%2Fb?q=1", (string?)shown["url"]);
        Assert.Equal("""{"u":"••••••(Username)","p" : "••••••(Password)"}""", (string?)shown["body"]);
        var headers = shown["headers"]!.AsArray().ToDictionary(header => (string)header!["name"]!, header => (string)header!["value"]!);
        Assert.Equal(("Basic ••••••(Username:Password)", "t-••••••(Tenant)", "own"), (headers["Authorization"], headers["X-Tenant"], headers["X-Own"]));
        Assert.DoesNotContain("the-", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ann", text, StringComparison.Ordinal);
        Assert.Empty(Service.Requests);
    }

    [Fact]
    public async Task Trial_SendsWhatACalloutSends()
    {
        await DefineAsync("""{ "protocol": "bearer" }""", """{ "Token": "the-bearer-token" }""", named: """, "generateAuthorizationHeader": false""");
        const string Request = """
            { "path": "/x", "headers": { "Connection": "X-A, close", "X-A": "b", "X-Own": "own", "X-Api-Key": "vk_abcdefgh_0123456789abcdef0123456789abcdef01234567",
              "Authorization": "Bearer vk_abcdefgh_0123456789abcdef0123456789abcdef01234567", "Range": "bytes=0-1", "If-Range": "x", "Accept-Encoding": "gzip" } }
            """;
        Assert.True((bool)(await TestAsync(Request))["ok"]!);
        var sent = Assert.Single(Service.Requests);
        Assert.Equal(("own", "identity"), (sent.Header("X-Own"), sent.Header("Accept-Encoding")));
        foreach (var dropped in new[] { "X-A", "X-Api-Key", "Authorization", "Range", "If-Range" })
        {
            Assert.Null(sent.Header(dropped));
        }

        using var response = await Vault.AdminClient.PostAsync(
            $"/api/v1/named-credentials/{Name}/preview", new StringContent(Request, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        var shown = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["headers"]!.AsArray();
        Assert.Equal(["X-Own: own", "Accept-Encoding: identity"], shown.Select(header => $"{header!["name"]}: {header["value"]}"));
    }

    [Fact]
    public async Task Test_SaysInWordsWhatFailed()
    {
        Service.Answer = (context, _) => AnswerAsync(context, 403, "secret-of-the-service", "text/plain");
        await DefineAsync("""{ "protocol": "bearer" }""", """{ "Token": "the-bearer-token" }""");
        var test = await TestAsync("""{ "path": "/x" }""");
        Assert.False((bool)test["ok"]!);
        Assert.Equal(403, (int?)test["status"]);
        Assert.Equal(("upstream-status", "service"), ((string?)test["failure"]!["code"], (string?)test["failure"]!["where"]));
        Assert.Contains("scopes and rights", (string?)test["failure"]!["detail"], StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-the-service", test.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("the-bearer-token", test.ToJsonString(), StringComparison.Ordinal);
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        Assert.Equal("credential-not-configured", (string?)(await TestAsync())["failure"]!["code"]);
    }
}
