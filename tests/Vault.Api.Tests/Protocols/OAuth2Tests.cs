using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary><c>oauth2</c> through the contract, against a stand-in that checks what it receives and revokes what it gave.</summary>
public sealed class OAuth2Tests : ProtocolBench
{
    private const string Unavailable = "(503)";
    private readonly ConcurrentDictionary<string, bool> _live = new();
    private readonly ConcurrentQueue<RecordedRequest> _tokenRequests = new();
    private Func<RecordedRequest, string?> _judge = _ => null;
    private Func<int, string> _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 3600 }""";
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _held;
    private int _given;
    private int _refusal = 400;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Service.Answer = AnswerAsync;
    }

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        var path = request.Target.Split('?')[0];
        switch (path)
        {
            case "/token":
                _tokenRequests.Enqueue(request);
                var refusal = _judge(request);
                if (_held is { } held)
                {
                    _reached.TrySetResult();
                    await held.Task;
                }

                if (refusal is { } error)
                {
                    if (error == Unavailable)
                    {
                        await AnswerAsync(context, 503, "busy", "text/plain");
                        return;
                    }

                    await AnswerAsync(context, _refusal, $$"""{ "error": "{{error}}", "error_description": "nobody-may-see-this" }""");
                    return;
                }

                var number = Interlocked.Increment(ref _given);
                _live[$"access-token-{number}"] = true;
                await AnswerAsync(context, 200, _answer(number));
                break;
            case "/revoke":
                _live.Clear();
                break;
            case "/device":
                await AnswerAsync(context, 200, $$"""{ "device_code": "device-code-1", "user_code": "WDJB", "verification_uri": "{{Service.Url}}/enter", "verification_uri_complete": "{{Service.Url}}/enter?code=WDJB", "expires_in": 86400, "interval": 5 }""");
                break;
            case "/.well-known/openid-configuration":
                await AnswerAsync(context, 200, $$"""
                    { "issuer": "{{Service.Url}}", "token_endpoint": "{{Service.Url}}/token", "authorization_endpoint": "{{Service.Url}}/authorize",
                      "revocation_endpoint": "{{Service.Url}}/revoke", "authorization_response_iss_parameter_supported": true }
                    """);
                break;
            default:
                var token = request.Header("Authorization")?.Replace("Bearer ", "", StringComparison.Ordinal) ?? "";
                await AnswerAsync(context, _live.ContainsKey(token) ? 200 : 401, $"hello {request.Text}", "text/plain");
                break;
        }
    }

    [Theory]
    [InlineData("basic", "Basic aWQlMkZ4OnNlJTNBYysldDM=", null)]
    [InlineData("basicRaw", "Basic aWQveDpzZTpjICV0Mw==", null)]
    [InlineData("post", null, "se:c %t3")]
    public async Task ClientCredentials_AuthenticatesTheClient(string how, string? header, string? inForm)
    {
        // "basic" is form-encoded first (RFC 6749 section 2.3.1): the percent sign too.
        header = how == "basic" ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("id%2Fx:se%3Ac+%25t3")) : header;
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "clientAuthentication": "{{how}}", "scope": "read write", "audience": "urn:a", "resource": ["https://r1.example", "https://r2.example"], "tokenParameters": { "tenant": "{!$Credential.Tenant}" }, "tokenHeaders": { "X-Version": "2" } }""",
            """{ "ClientId": "id/x", "ClientSecret": "se:c %t3", "Tenant": "t&1" }""");
        await ExpectAsync(await CallAsync(app), 200);
        var request = Assert.Single(_tokenRequests);
        Assert.Equal(header, request.Header("Authorization"));
        Assert.Equal("2", request.Header("X-Version"));
        Assert.Contains("resource=https%3A%2F%2Fr1.example&resource=https%3A%2F%2Fr2.example", request.Text, StringComparison.Ordinal);
        var form = Form(request with { Body = Encoding.UTF8.GetBytes(request.Text.Replace("&resource=https%3A%2F%2Fr2.example", "", StringComparison.Ordinal)) });
        Assert.Equal("client_credentials", form["grant_type"]);
        Assert.Equal(("read write", "urn:a", "t&1"), (form["scope"], form["audience"], form["tenant"]));
        Assert.Equal(inForm, form.GetValueOrDefault("client_secret"));
    }

    [Fact]
    public async Task PrivateKeyJwt_SignsAnAssertion()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "clientAuthentication": "privateKeyJwt", "assertion": { "algorithm": "ES256", "keyId": "k1", "type": "client-authentication+jwt", "audience": "https://issuer.example" } }""",
            $$"""{ "ClientId": "me", "PrivateKey": {{JsonValue.Create(key.ExportPkcs8PrivateKeyPem()).ToJsonString()}} }""");
        await ExpectAsync(await CallAsync(app), 200);
        var form = Form(Assert.Single(_tokenRequests));
        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form["client_assertion_type"]);
        var parts = form["client_assertion"].Split('.');
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
        var header = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0]))!;
        var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]))!;
        Assert.Equal(("ES256", "k1", "client-authentication+jwt"), ((string?)header["alg"], (string?)header["kid"], (string?)header["typ"]));
        Assert.Equal(("me", "me", "https://issuer.example"), ((string?)claims["iss"], (string?)claims["sub"], (string?)claims["aud"]));
    }

    [Theory]
    [InlineData("password", "password", "username=ann&password=p%26w")]
    [InlineData("tokenExchange", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token=subject-token-1&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token")]
    public async Task OtherGrants_SendTheirParameters(string grant, string type, string parameters)
    {
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "{{grant}}", "tokenUrl": "@/token", "clientAuthentication": "none" }""",
            """{ "ClientId": "me", "Username": "ann", "Password": "p&w", "SubjectToken": "subject-token-1" }""");
        await ExpectAsync(await CallAsync(app), 200);
        var request = Assert.Single(_tokenRequests);
        Assert.Equal(type, Form(request)["grant_type"]);
        Assert.Contains(parameters, request.Text, StringComparison.Ordinal);
        Assert.Equal("me", Form(request)["client_id"]);

        // Who signs in is a parameter too, and shown as little as how it is proved.
        var shown = (string)(await TestAsync())["steps"]![0]!["request"]!["body"]!;
        Assert.Contains("client_id=••••••(ClientId)", shown, StringComparison.Ordinal);
        Assert.Equal(grant == "password", shown.Contains("username=••••••(Username)&password=••••••(Password)", StringComparison.Ordinal));
        Assert.DoesNotContain("=me", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("ann", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("password", """{ "ClientId": "me", "Username": "ann", "Password": "p&w" }""")]
    [InlineData("tokenExchange", """{ "ClientId": "me", "SubjectToken": "subject-token-1" }""")]
    public async Task ClientWithoutASecret_WhereNothingSaysHowItAuthenticates_IsAPublicOne(string grant, string parameters)
    {
        var app = await DefineAsync($$"""{ "protocol": "oauth2", "grant": "{{grant}}", "tokenUrl": "@/token" }""", parameters);
        await ExpectAsync(await CallAsync(app), 200);
        var request = Assert.Single(_tokenRequests);
        Assert.Equal(("me", null), (Form(request)["client_id"], request.Header("Authorization")));
    }

    [Theory]
    [InlineData("password", "basic")]
    [InlineData("tokenExchange", "post")]
    [InlineData("jwtBearer", "basicRaw")]
    public async Task ClientWithoutASecret_WhereItIsToAuthenticateWithOne_IsNotConfigured(string grant, string how)
    {
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "{{grant}}", "tokenUrl": "@/token", "clientAuthentication": "{{how}}" }""",
            """{ "ClientId": "me", "Username": "ann", "Password": "p&w", "SubjectToken": "subject-token-1", "PrivateKey": "k" }""");
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
        Assert.Empty(_tokenRequests);
    }

    [Fact]
    public async Task ClientAssertion_NamesTheKey_AsTheGrantsDoes()
    {
        using var key = RSA.Create(2048);
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "jwtBearer", "tokenUrl": "@/token", "clientAuthentication": "privateKeyJwt", "assertion": { "algorithm": "RS256", "keyId": "{!$Credential.Kid}", "type": "at+jwt" } }""",
            $$"""{ "ClientId": "me", "Kid": "k-1", "PrivateKey": {{JsonValue.Create(key.ExportRSAPrivateKeyPem()).ToJsonString()}} }""");
        await ExpectAsync(await CallAsync(app), 200);
        var form = Form(Assert.Single(_tokenRequests));
        Assert.Equal(("k-1", "at+jwt"), HeaderOf("assertion"));
        Assert.Equal(("k-1", "JWT"), HeaderOf("client_assertion"));

        (string?, string?) HeaderOf(string parameter)
        {
            var header = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(form[parameter].Split('.')[0]))!;
            return ((string?)header["kid"], (string?)header["typ"]);
        }
    }

    [Fact]
    public async Task JwtBearer_TradesAnAssertion()
    {
        using var key = RSA.Create(2048);
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "jwtBearer", "tokenUrl": "@/token", "clientAuthentication": "none", "assertion": { "algorithm": "RS256", "subject": "{!$Credential.Username}", "claims": { "scope": "a b", "n": 1 } } }""",
            $$"""{ "ClientId": "me", "Username": "ann@example.com", "PrivateKey": {{JsonValue.Create(key.ExportRSAPrivateKeyPem()).ToJsonString()}} }""");
        await ExpectAsync(await CallAsync(app), 200);
        var parts = Form(Assert.Single(_tokenRequests))["assertion"].Split('.');
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]))!;
        Assert.Equal(("me", "ann@example.com", Service.Url + "/token", "a b"), ((string?)claims["iss"], (string?)claims["sub"], (string?)claims["aud"], (string?)claims["scope"]));
    }

    [Fact]
    public async Task RevokedToken_IsReplaced_AndTheCallerSeesOne200()
    {
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 200);
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        _live.Clear();
        var posted = await CallAsync(app, method: HttpMethod.Post, content: new StringContent("body-1"));
        Assert.Equal("hello body-1", await posted.Content.ReadAsStringAsync());
        Assert.Equal(3, _given);
    }

    [Fact]
    public async Task Burst_OnAnExpiredToken_AsksOnce()
    {
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromHours(2));
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => CallAsync(app)));
        Assert.All(answers, answer => Assert.Equal(200, (int)answer.StatusCode));
        Assert.Equal(2, _given);
    }

    [Fact]
    public async Task Burst_WithARefreshTokenThatIsGoodOnce_AsksOnce()
    {
        var expected = "refresh-token-0";
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "bearer", "expires_in": "3600", "refresh_token": "{{expected = "refresh-token-" + number}}" }""";
        _judge = request => Form(request)["grant_type"] != "refresh_token" ? "unsupported_grant_type" : Form(request)["refresh_token"] == expected ? null : "invalid_grant";
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""",
            """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "refresh-token-0" }""");
        await ExpectAsync(await CallAsync(app), 200);
        for (var round = 2; round < 5; round++)
        {
            Time.Advance(TimeSpan.FromHours(2));
            var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => CallAsync(app)));
            Assert.All(answers, answer => Assert.Equal(200, (int)answer.StatusCode));
            Assert.Equal(round, _given);
        }

        // The refresh token outlives a token that was revoked, and a new client secret.
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        await Vault.AdminAsync(HttpMethod.Patch, CredentialPath, """{ "parameters": { "ClientSecret": "another-client-secret" } }""");
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromDays(30));
        await ExpectAsync(await CallAsync(app), 200);
    }

    [Theory]
    [InlineData("label")]
    [InlineData("another user")]
    [InlineData("secret")]
    [InlineData("hosts")]
    public async Task EditDuringARefresh_OfAConsentWhoseRefreshTokensAreGoodOnce_CostsNothing(string edit)
    {
        var spent = GiveRefreshTokensThatAreGoodOnce();
        var app = await DefineAsync(Consented, Client, principals: PerUser, hosts: """, "https://spare.example" """);
        await ConsentAsync(AnnPath);
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        await EditDuringAsync(edit, () => CallAsync(app, user: "ann"));
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Equal(["refresh-token-1", "refresh-token-2"], spent);
    }

    [Theory]
    [InlineData("label")]
    [InlineData("secret")]
    [InlineData("another user")]
    [InlineData("hosts")]
    public async Task EditDuringTheFirstRefresh_WithAnEnteredRefreshTokenThatIsGoodOnce_CostsNothing(string edit)
    {
        var spent = GiveRefreshTokensThatAreGoodOnce("entered-refresh-token");
        var app = await DefineAsync(Consented, Client, principals: PerUser, hosts: """, "https://spare.example" """);
        await Vault.AdminAsync(HttpMethod.Put, AnnPath, """{ "parameters": { "RefreshToken": "entered-refresh-token" } }""");
        await EditDuringAsync(edit, () => CallAsync(app, user: "ann"));
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        Assert.Equal(["entered-refresh-token", "refresh-token-1"], spent);
    }

    [Theory]
    [InlineData(true, "DELETE", "")]
    [InlineData(false, "DELETE", "")]
    [InlineData(false, "PATCH", """{ "parameters": { "RefreshToken": null } }""")]
    public async Task ConsentTakenBackDuringARefresh_StaysTakenBack(bool isGiven, string method, string body)
    {
        GiveRefreshTokensThatAreGoodOnce(isGiven ? null : "entered-refresh-token");
        var app = await DefineAsync(Consented, Client, principals: PerUser);
        if (isGiven)
        {
            await ConsentAsync(AnnPath);
            await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        }
        else
        {
            await Vault.AdminAsync(HttpMethod.Put, AnnPath, """{ "parameters": { "RefreshToken": "entered-refresh-token" } }""");
        }

        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Time.Advance(TimeSpan.FromHours(2));
        var under = CallAsync(app, user: "ann");
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Vault.AdminAsync(new HttpMethod(method), AnnPath, body.Length == 0 ? null : body);
        _held.SetResult();
        _held = null;
        await under;
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
    }

    [Fact]
    public async Task ConsentTakenBackWhileItsCodeIsTraded_IsNotGiven()
    {
        var app = await DefineAsync(Consented, Client, principals: PerUser);
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var page = CallBackAsync(await StateOfAsync(AnnPath));
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Vault.AdminAsync(HttpMethod.Delete, AnnPath);
        _held.SetResult();
        _held = null;
        Assert.Equal(400, (int)(await page).StatusCode);
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
    }

    [Fact]
    public async Task ConsentThatWasTakenBack_IsConfiguredNoMore_AndItsRefreshTokenIsAskedWithOnce()
    {
        GiveRefreshTokensThatAreGoodOnce();
        var app = await DefineAsync(Consented, Client);
        await ConsentAsync(CredentialPath);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(("configured", "configured"), await StatusesAsync());
        _judge = _ => "invalid_grant";
        Time.Advance(TimeSpan.FromHours(2));
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
        Assert.Equal(("notConfigured", "notConfigured"), await StatusesAsync());
        Assert.Equal(2, _tokenRequests.Count);

        // Nobody asks with it again.
        Time.Advance(TimeSpan.FromMinutes(5));
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
        using var refreshed = await Vault.AdminClient.PostAsync(CredentialPath + "/refresh", null);
        await ExpectAsync(refreshed, 409, "credential-not-configured");
        Assert.Equal(2, _tokenRequests.Count);

        _judge = _ => null;
        await ConsentAsync(CredentialPath);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(("configured", "configured"), await StatusesAsync());

        async Task<(string?, string?)> StatusesAsync() => (
            (string?)(await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["status"],
            (string?)(await Vault.AdminAsync(HttpMethod.Get, $"/api/v1/external-credentials/{Name}Login"))!["principals"]![0]!["status"]);
    }

    // Both callouts come before the answer to the first one's token request, the second one after the edit.
    private async Task EditDuringAsync(string edit, Func<Task<HttpResponseMessage>> call)
    {
        // The renewal ahead of time may be as fast as the callout.
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Time.Advance(TimeSpan.FromHours(2));
        var first = call();
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await (edit switch
        {
            "label" => Vault.AdminAsync(
                HttpMethod.Put, $"/api/v1/external-credentials/{Name}Login", await ReadAsync(credential => credential["label"] = "Another")),
            "hosts" => Vault.AdminAsync(
                HttpMethod.Put, $"/api/v1/external-credentials/{Name}Login", await ReadAsync(credential => credential["allowedHosts"]!.AsArray().RemoveAt(1))),
            "another user" => Vault.AdminAsync(
                HttpMethod.Put, CredentialPath.Replace("/credential", "/users/bob/credential", StringComparison.Ordinal), """{ "parameters": { "Hint": "bob" } }"""),
            _ => Vault.AdminAsync(HttpMethod.Patch, CredentialPath, """{ "parameters": { "ClientSecret": "another-client-secret" } }"""),
        });
        var second = call();

        // It has no answer to wait for: others give it the time to get as far as it goes.
        for (var asked = 0; asked < 20; asked++)
        {
            await Vault.AdminAsync(HttpMethod.Get, CredentialPath);
        }

        _held.SetResult();
        _held = null;
        await ExpectAsync(await first, 200);
        await ExpectAsync(await second, 200);

        async Task<string> ReadAsync(Action<JsonNode> change)
        {
            var credential = (await Vault.AdminAsync(HttpMethod.Get, $"/api/v1/external-credentials/{Name}Login"))!;
            change(credential);
            return credential.ToJsonString();
        }
    }

    private List<string> GiveRefreshTokensThatAreGoodOnce(string? first = null)
    {
        var (expected, spent) = (first, new List<string>());
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "{{expected = "refresh-token-" + number}}" }""";
        _judge = request =>
        {
            if (Form(request)["grant_type"] != "refresh_token")
            {
                return null;
            }

            spent.Add(Form(request)["refresh_token"]);
            return spent[^1] == expected ? null : "invalid_grant";
        };
        return spent;
    }

    private async Task ConsentAsync(string credential)
    {
        using var page = await CallBackAsync(await StateOfAsync(credential));
        Assert.True(page.IsSuccessStatusCode, await page.Content.ReadAsStringAsync());
    }

    private async Task<string> StateOfAsync(string credential)
    {
        var begun = await Vault.AdminAsync(HttpMethod.Post, credential + "/authorize", "{}");
        return Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri((string)begun!["authorizationUrl"]!).Query)["state"].ToString();
    }

    private async Task<HttpResponseMessage> CallBackAsync(string state)
    {
        using var browser = Vault.CreateClient((string?)null);
        return await browser.GetAsync($"/oauth/callback?code=c&state={Uri.EscapeDataString(state)}");
    }

    private string AnnPath => CredentialPath.Replace("/credential", "/users/ann/credential", StringComparison.Ordinal);

    [Theory]
    [InlineData(400, "invalid_grant")]
    [InlineData(401, "invalid_token")]
    [InlineData(400, "unsupported_grant_type")]
    [InlineData(400, "bad_refresh_token")]
    [InlineData(200, "invalid_grant")]
    public async Task RefusedRefresh_OfAGrantThatNeedsNobody_IsFollowedByTheGrant(int status, string error)
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-token-{{number}}" }""";
        _refusal = status;
        _judge = request => Form(request)["grant_type"] == "refresh_token" ? error : null;
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "password", "tokenUrl": "@/token", "clientAuthentication": "none" }""", """{ "ClientId": "me", "Username": "ann", "Password": "p&w" }""");
        await ExpectAsync(await CallAsync(app), 200);
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(["password", "refresh_token", "password"], _tokenRequests.Select(request => Form(request)["grant_type"]));

        // A server that is busy says nothing about the grant.
        _judge = request => Form(request)["grant_type"] == "refresh_token" ? Unavailable : null;
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
        Assert.Equal(4, _tokenRequests.Count);
    }

    [Fact]
    public async Task JwtBearer_NeedsNoClientSecret()
    {
        using var key = RSA.Create(2048);
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "jwtBearer", "tokenUrl": "@/token", "assertion": { "algorithm": "RS256", "subject": "ann" } }""",
            $$"""{ "ClientId": "me", "PrivateKey": {{JsonValue.Create(key.ExportRSAPrivateKeyPem()).ToJsonString()}} }""");
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal("me", Form(Assert.Single(_tokenRequests))["client_id"]);
    }

    [Fact]
    public async Task TokenParametersAndHeaders_ReplaceTheVaultsOwn_OfAnyKind()
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "expires_in": 3600, "refresh_token": "refresh-token-{{number}}" }""";
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "clientAuthentication": "post", "tokenParameters": { "client_id": "other", "grant_type": "account_credentials" }, "tokenHeaders": { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Content-Language": "de", "Accept": "application/vnd.x+json" } }""",
            Client);
        await ExpectAsync(await CallAsync(app), 200);
        var request = Assert.Single(_tokenRequests);
        Assert.Equal(("account_credentials", "other"), (Form(request)["grant_type"], Form(request)["client_id"]));
        Assert.Equal("application/x-www-form-urlencoded; charset=utf-8", request.Header("Content-Type"));
        Assert.Equal(("de", "application/vnd.x+json"), (request.Header("Content-Language"), request.Header("Accept")));

        // A refresh is one, whatever the grant is called.
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal("refresh_token", Form(_tokenRequests.Last())["grant_type"]);
    }

    [Theory]
    [InlineData("\"token_type\": null, \"error\": null, \"expires_in\": 3600")]
    [InlineData("\"token_type\": \"\", \"error\": \"\"")]
    [InlineData("\"token_type\": \"bearer \", \"error\": false, \"expires_in\": 2147483647")]
    [InlineData("\"token_type\": \"BearerToken\", \"error\": {}")]
    [InlineData("\"expires_in\": \"\"")]
    [InlineData("\"expires_in\": \" 3600 \"")]
    [InlineData("\"expires_in\": 0")]
    [InlineData("\"expires_in\": \"0\"")]
    [InlineData("\"expires_in\": 0.0")]
    public async Task OddButGoodAnswer_IsUsed(string members)
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", {{members}} }""";
        await ExpectAsync(await CallAsync(await DefineAsync(ClientCredentials, Client)), 200);
    }

    [Fact]
    public async Task LifetimeOfZero_IsNone_AndATokenThatIsOver_IsReplacedOnce()
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "expires_in": 0 }""";
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromDays(30));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(1, _given);
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(2, _given);

        // Where every token is over at once, a callout asks for one more at most.
        Service.Answer = (context, request) => request.Target == "/token" ? AnswerAsync(context, request) : AnswerAsync(context, 401, "");
        for (var call = 0; call < 5; call++)
        {
            var before = _given;
            await ExpectAsync(await CallAsync(app), 401);
            Assert.InRange(_given - before, 0, 1);
        }
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("zstd", false)]
    public async Task CompressedAnswer_IsDecoded_OrSaidToBeUnreadable(string coding, bool isRead)
    {
        var answer = Service.Answer;
        Service.Answer = async (context, request) =>
        {
            if (request.Target != "/token")
            {
                await answer(context, request);
                return;
            }

            _live["access-token-z"] = true;
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = coding;
            await using var gzip = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
            await gzip.WriteAsync("""{ "access_token": "access-token-z", "token_type": "Bearer" }"""u8.ToArray());
        };
        using var response = await CallAsync(await DefineAsync(ClientCredentials, Client));
        Assert.Equal(isRead, response.IsSuccessStatusCode);
        Assert.Equal(!isRead, (await response.Content.ReadAsStringAsync()).Contains("Content-Encoding", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<html>sign in</html>", "no JSON object")]
    [InlineData("""{ "error": "server_error" }""", "carries an error")]
    [InlineData("""{ "token_type": "Bearer" }""", "no access_token")]
    [InlineData("""{ "access_token": "a b", "token_type": "Bearer" }""", "no access_token")]
    [InlineData("""{ "access_token": "abcdefgh", "token_type": "mac" }""", "no bearer token")]
    [InlineData("""{ "access_token": "abcdefgh", "expires_in": -1 }""", "lifetime")]
    [InlineData("""{ "access_token": "abcdefgh", "expires_in": "-0.5" }""", "lifetime")]
    [InlineData("""{ "access_token": "abcdefgh", "expires_in": 1e300 }""", "lifetime")]
    [InlineData("""{ "access_token": "abcdefgh", "expires_in": "soon" }""", "lifetime")]
    [InlineData("""{ "access_token": "abcdefgh", "expires_in": false }""", "lifetime")]
    public async Task BadAnswer_IsRefused_AndNotKept(string answer, string detail)
    {
        _answer = _ => answer;
        var app = await DefineAsync(ClientCredentials, Client);
        var response = await CallAsync(app);
        Assert.Contains(detail, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await ExpectAsync(response, 502, "token-request-failed");
        await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
        Assert.Equal(1, _given);
        var status = await Vault.AdminAsync(HttpMethod.Get, CredentialPath);
        Assert.Empty(status!["tokens"]!.AsArray());
    }

    [Fact]
    public async Task HugeAnswer_IsRefused()
    {
        _answer = _ => new string(' ', 50 * 1024 * 1024);
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
    }

    [Fact]
    public async Task FailedRequest_TellsTheRegisteredError_AndNothingElse()
    {
        _judge = _ => "invalid_client";
        var app = await DefineAsync(ClientCredentials, Client);
        var response = await CallAsync(app);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("status 400 and the OAuth error invalid_client", text, StringComparison.Ordinal);
        Assert.DoesNotContain("nobody-may-see-this", text, StringComparison.Ordinal);
        var test = await TestAsync();
        Assert.Equal("sign-in", (string?)test["failure"]!["where"]);
        Assert.DoesNotContain("the-client-secret", test.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(400, (int?)test["steps"]![0]!["status"]);
    }

    [Fact]
    public async Task Refresh_GetsAFreshToken_AndDelete_RevokesIt()
    {
        var app = await DefineAsync("""{ "protocol": "oauth2", "grant": "clientCredentials", "issuer": "@" }""", Client);
        await ExpectAsync(await CallAsync(app), 200);
        var status = await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/refresh", "{}");
        Assert.Equal("valid", (string?)status!["status"]);
        Assert.Equal(2, _given);
        Service.Clear();
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        var revoked = Assert.Single(Service.Requests, request => request.Target == "/revoke");
        Assert.Equal("access-token-2", Form(revoked)["token"]);
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
    }

    [Fact]
    public async Task TokensOfADay_StopNoCallout_AndTheNewestAreMasked()
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 500, "refresh_token": "refresh-token-{{number}}-{{new string('r', 60_000)}}" }""";
        var app = await DefineAsync(ClientCredentials, Client);
        while (_given < 80)
        {
            Time.Advance(TimeSpan.FromMinutes(10));
            await ExpectAsync(await CallAsync(app), 200);
        }

        // As fast as they are refused they don't come any more.
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 200);
        _live.Clear();
        await ExpectAsync(await CallAsync(app), 401);
        Assert.Equal(81, _given);
        _live["access-token-81"] = true;
        using var echo = await CallAsync(app, method: HttpMethod.Post, content: new StringContent("access-token-1 access-token-40 access-token-81"));
        Assert.Equal("hello access-token-1 *************** ***************", await echo.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task DueToken_IsRenewedInTheBackground_WithoutACallout()
    {
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 200);
        var first = await EndAsync();
        Time.Advance(TimeSpan.FromSeconds(3545));
        Time.Advance(TimeSpan.FromSeconds(5));
        await EventuallyAsync(() => Volatile.Read(ref _given) == 2, TimeSpan.Zero);

        // Given, and kept: the clock must not overtake the answer.
        for (var asked = 0; asked < 5000 && await EndAsync() == first; asked++)
        {
        }

        Assert.NotEqual(first, await EndAsync());
        Time.Advance(TimeSpan.FromSeconds(60));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(2, _given);

        async Task<string?> EndAsync() => (string?)(await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]![0]!["expiresAt"];
    }

    [Fact]
    public async Task AuthorizationCode_WithPkce_OnceOnly_AndPerUser()
    {
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-token-{{number}}" }""";
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "authorizationCode", "issuer": "@", "scope": "openid offline_access", "authorizationParameters": { "prompt": "consent", "login_hint": "{!$Credential.Username}" } }""",
            """{ "ClientId": "me", "ClientSecret": "the-client-secret", "Username": "ann-hint" }""",
            principals: """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""");
        await ExpectAsync(await CallAsync(app), 400, "user-required");
        var missing = await CallAsync(app, user: "ann@example.com");
        var problem = JsonNode.Parse(await missing.Content.ReadAsStringAsync())!;
        await ExpectAsync(missing, 409, "credential-not-configured");
        var link = new Uri((string)problem["authorizationUrl"]!);
        Assert.Contains(link.AbsoluteUri, (string?)problem["detail"], StringComparison.Ordinal);

        var user = $"/api/v1/external-credentials/{Name}Login/principals/default/users/ann%40example.com/credential";
        var begun = await Vault.AdminAsync(HttpMethod.Post, user + "/authorize", """{ "returnUrl": "https://app.example/settings/vault" }""");
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri((string)begun!["authorizationUrl"]!).Query);
        Assert.Equal(("code", "me", "S256", "consent"), ((string?)query["response_type"], (string?)query["client_id"], (string?)query["code_challenge_method"], (string?)query["prompt"]));
        Assert.Equal(Vault.ClientOptions.BaseAddress + "oauth/callback", (string?)query["redirect_uri"]);
        Assert.Equal("ann-hint", (string?)query["login_hint"]);

        using var browser = Vault.CreateClient((string?)null);
        var state = Uri.EscapeDataString((string)query["state"]!);
        var done = await browser.GetAsync($"/oauth/callback?code=the-code-1&state={state}&iss={Uri.EscapeDataString(Service.Url)}");
        Assert.Equal("https://app.example/settings/vault", done.Headers.Location?.OriginalString);
        var form = Form(Assert.Single(_tokenRequests));
        Assert.Equal(("authorization_code", "the-code-1", (string?)query["redirect_uri"]), (form["grant_type"], form["code"], form["redirect_uri"]));
        Assert.Equal((string?)query["code_challenge"], System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))));

        Assert.Equal(400, (int)(await browser.GetAsync($"/oauth/callback?code=the-code-1&state={state}&iss={Uri.EscapeDataString(Service.Url)}")).StatusCode);
        await ExpectAsync(await CallAsync(app, user: "ann@example.com"), 200);
        await ExpectAsync(await CallAsync(app, user: "bob"), 409, "credential-not-configured");
        var users = await Vault.AdminAsync(HttpMethod.Get, $"/api/v1/external-credentials/{Name}Login/principals/default/users");
        Assert.Equal("ann@example.com", (string?)Assert.Single(users!["items"]!.AsArray())!["user"]);
        var status = await Vault.AdminAsync(HttpMethod.Get, user);
        Assert.Equal("configured", (string?)status!["status"]);

        // The link of the error works too; an answer without iss, or of another issuer, doesn't.
        var linkState = Uri.EscapeDataString((string)Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(link.Query)["state"]!);
        var page = await browser.GetAsync($"/oauth/callback?code=c&state={linkState}&iss=https%3A%2F%2Fevil.example");
        Assert.Equal(400, (int)page.StatusCode);
        Assert.Contains("not of the issuer", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);

        // Consent that is taken back is asked for again.
        _judge = _ => "invalid_grant";
        _live.Clear();
        await ExpectAsync(await CallAsync(app, user: "ann@example.com"), 409, "credential-not-configured");
    }

    [Fact]
    public async Task ForcedRefresh_AfterAChangeOfSecrets_UsesTheNewestRefreshToken()
    {
        var expected = "refresh-token-0";
        _answer = number => $$"""{ "access_token": "access-token-{{number}}", "expires_in": 3600, "refresh_token": "{{expected = "refresh-token-" + number}}" }""";
        _judge = request => Form(request)["refresh_token"] == expected ? null : "invalid_grant";
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""",
            """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "refresh-token-0" }""");
        await ExpectAsync(await CallAsync(app), 200);
        for (var round = 0; round < 3; round++)
        {
            await Vault.AdminAsync(HttpMethod.Patch, CredentialPath, $$"""{ "parameters": { "ClientSecret": "client-secret-{{round}}" } }""");
            await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/refresh", "{}");
            await ExpectAsync(await CallAsync(app), 200);
        }

        Assert.Equal("refresh-token-4", expected);
    }

    [Theory]
    [InlineData("\"authorizationParameters\": { \"x\": \"{!$Credential.ClientSecret}\" }")]
    [InlineData("\"scope\": \"a {!HEX($Credential.ClientSecret)}\"")]
    [InlineData("\"resource\": \"{!BASE64ENCODE($Credential.ClientSecret)}\"")]
    public async Task AuthorizationUrl_NeverHoldsASecret(string setting)
    {
        await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token", {{setting}} }""", Client);
        using var response = await Vault.AdminClient.PostAsync(CredentialPath + "/authorize", null);
        Assert.DoesNotContain("the-client-secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await ExpectAsync(response, 400, "merge-field-invalid");
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"clientCertificate\": { \"certificate\": \"Certificate\", \"privateKey\": \"CertificateKey\" }")]
    public async Task Token_IsCalledValid_OnlyWhileItWouldBeUsed(string named)
    {
        using var key = RSA.Create(2048);
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=app", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var parameters = new JsonObject
        {
            ["ClientId"] = "me",
            ["ClientSecret"] = "the-client-secret",
            ["Certificate"] = certificate.ExportCertificatePem(),
            ["CertificateKey"] = key.ExportPkcs8PrivateKeyPem(),
        };
        var app = await DefineAsync(Settings(""), parameters.ToJsonString(), named: named);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(["valid"], await StatusesAsync());

        // Other settings: what was got under the old ones isn't used, though it would be good for an hour.
        await Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{Name}Login", $$"""{ "authentication": {{Settings(", \"scope\": \"write\"")}} }""");
        Assert.Equal(["expired"], await StatusesAsync());
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(2, _given);
        Assert.Equal(["valid"], await StatusesAsync());

        string Settings(string more) => $$"""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "{{Service.Url}}/token"{{more}} }""";

        async Task<string[]> StatusesAsync() => [.. (await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]!.AsArray().Select(token => (string)token!["status"]!)];
    }

    [Fact]
    public async Task OpenConsent_EndsWithTheSecrets_AndSharedSecretsAreNobodys()
    {
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""",
            """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "a-shared-refresh-token" }""",
            principals: """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""");
        await ExpectAsync(await CallAsync(app, user: "ann"), 409, "credential-not-configured");
        var user = $"/api/v1/external-credentials/{Name}Login/principals/default/users/ann/credential";
        var begun = await Vault.AdminAsync(HttpMethod.Post, user + "/authorize", "{}");
        await Vault.AdminAsync(HttpMethod.Delete, user);
        var state = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri((string)begun!["authorizationUrl"]!).Query)["state"];
        using var browser = Vault.CreateClient((string?)null);
        Assert.Equal(400, (int)(await browser.GetAsync($"/oauth/callback?code=c&state={Uri.EscapeDataString((string)state!)}")).StatusCode);
        Assert.Empty(_tokenRequests);

        // What users share goes with the tokens of all of them.
        await Vault.AdminAsync(HttpMethod.Put, user, """{ "parameters": { "RefreshToken": "anns-refresh-token" } }""");
        await ExpectAsync(await CallAsync(app, user: "ann"), 200);
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        Assert.Empty((await Vault.AdminAsync(HttpMethod.Get, user))!["tokens"]!.AsArray());
    }

    [Fact]
    public async Task OneConsent_ServesEveryNamedCredential_WithOrWithoutAClientCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=vault", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""",
            new JsonObject { ["ClientId"] = "me", ["Cert"] = certificate.ExportCertificatePem(), ["CertKey"] = key.ExportPkcs8PrivateKeyPem() }.ToJsonString());
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Second", "url": "{{Service.Url}}/second", "externalCredential": "{{Name}}Login", "clientCertificate": { "certificate": "Cert", "privateKey": "CertKey" } }
            """);
        await Vault.GrantAsync(Name + "App", "Second", "*");
        var begun = await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", "{}");
        var state = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri((string)begun!["authorizationUrl"]!).Query)["state"];
        using var browser = Vault.CreateClient((string?)null);
        using var page = await browser.GetAsync($"/oauth/callback?code=c&state={Uri.EscapeDataString((string)state!)}");
        var text = await page.Content.ReadAsStringAsync();
        Assert.True(page.IsSuccessStatusCode, text);
        Assert.Contains($"{Name}Login, for the principal default", text, StringComparison.Ordinal);
        await ExpectAsync(await CallAsync(app), 200);
        await ExpectAsync(await app.GetAsync("/callout/Second/record"), 200);
        Assert.Single(_tokenRequests);
    }

    [Fact]
    public async Task ReturnUrl_IsWhatWasJudged()
    {
        await DefineAsync("""{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""", """{ "ClientId": "me" }""");
        var begun = await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", """{ "returnUrl": "https://APP.example:443/settings\\y/./../x" }""");
        var state = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri((string)begun!["authorizationUrl"]!).Query)["state"];
        using var browser = Vault.CreateClient((string?)null);
        using var done = await browser.GetAsync($"/oauth/callback?code=c&state={Uri.EscapeDataString((string)state!)}");
        Assert.Equal("https://app.example/settings/x", done.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("https:\\\\\\\\app.example\\\\settings\\\\..\\\\other")]
    [InlineData("https://app.example/settings/%2e%2e/other")]
    [InlineData("https://app.example/settings2")]
    [InlineData("https://app.example@evil.example/settings")]
    public async Task ReturnUrl_ElsewhereIsRefused(string url)
    {
        await DefineAsync("""{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""", """{ "ClientId": "me" }""");
        using var response = await Vault.AdminClient.PostAsync(
            CredentialPath + "/authorize", new StringContent($$"""{ "returnUrl": "{{url}}" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        await ExpectAsync(response, 400, "invalid-request");
    }

    [Fact]
    public async Task Device_IsPolled_UntilThePersonIsDone()
    {
        // A service that is out of order for a moment is asked again, later.
        var pending = 3;
        _judge = _ => Interlocked.Decrement(ref pending) switch { 2 => "authorization_pending", 1 => Unavailable, 0 => "slow_down", _ => null };
        var app = await DefineAsync(
            """{ "protocol": "oauth2", "grant": "deviceCode", "deviceAuthorizationUrl": "@/device", "tokenUrl": "@/token" }""", """{ "ClientId": "me" }""");
        var begun = await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", "{}");
        Assert.Equal(("WDJB", Service.Url + "/enter"), ((string?)begun!["userCode"], (string?)begun["verificationUri"]));
        Assert.Equal(["verificationUri", "userCode", "expiresAt"], begun.AsObject().Select(property => property.Key));
        await EventuallyAsync(() => Volatile.Read(ref _given) == 1, TimeSpan.FromSeconds(1));
        JsonNode? status = null;
        for (var asked = 0; asked < 1000 && (string?)status?["status"] != "configured"; asked++)
        {
            status = await Vault.AdminAsync(HttpMethod.Get, CredentialPath);
        }

        await ExpectAsync(await CallAsync(app), 200);
    }

    [Fact]
    public async Task DeviceCode_IsTheServersToChoose_AndMayBeTheSameForAnotherAccount()
    {
        _judge = _ => "authorization_pending";
        const string Device = """{ "protocol": "oauth2", "grant": "deviceCode", "deviceAuthorizationUrl": "@/device", "tokenUrl": "@/token" }""";
        foreach (var _ in new[] { 1, 2 })
        {
            await DefineAsync(Device, """{ "ClientId": "me" }""");
            Assert.Equal("WDJB", (string?)(await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", "{}"))!["userCode"]);
        }
    }

    // What happens in the background is waited for by asking, not by sleeping; each question may let the clock go on.
    private async Task EventuallyAsync(Func<bool> condition, TimeSpan step)
    {
        for (var asked = 0; asked < 5000 && !condition(); asked++)
        {
            Time.Advance(step);
            await Vault.AdminAsync(HttpMethod.Get, CredentialPath);
        }

        Assert.True(condition());
    }

    private const string PerUser = """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""";
    private const string Consented = """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""";
    private const string ClientCredentials = """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token" }""";
    private const string Client = """{ "ClientId": "me", "ClientSecret": "the-client-secret" }""";
}
