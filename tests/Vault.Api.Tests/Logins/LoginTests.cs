using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Logins;

/// <summary>The login protocol through the contract: what is sent, what is read, when a token ends.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;
    private Func<HttpContext, Task> _login = context => context.Response.WriteAsync("""{ "token": "the-issued-token" }""");
    private Func<HttpContext, RecordedRequest, Task> _record = (context, _) => context.Response.WriteAsync("ok");
    private int _names;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _service.Answer = (context, request) => request.Target.StartsWith("/base/login", StringComparison.Ordinal) || request.Target.StartsWith("/login", StringComparison.Ordinal)
            ? _login(context)
            : _record(context, request);
        _vault = new VaultFactory(services: services => services.AddSingleton<TimeProvider>(_time));
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Requests_AreMade_AsTheStepsSay()
    {
        _login = async context =>
        {
            context.Response.Headers["X-Session"] = "sess\u00e9-1".Replace('\u00e9', 'e');
            context.Response.Headers.SetCookie = new[] { "csrf=; Path=/; Max-Age=0", "csrf=c-2; HttpOnly" };
            await context.Response.WriteAsync(context.Request.Path == "/base/login2" ? "plain-body-token" : """{ "a": [ { "id": 42, "ok": true } ] }""");
        };
        var app = await DefineAsync("""
            "steps": [
              { "request": { "url": "/login?x=1", "query": { "user": "{!$Credential.User}" }, "form": { "p": "{!$Credential.Password}", "lit eral": "a&b" } },
                "extract": { "id": "$.a[0].id", "ok": "$.a[0].ok", "session": "header:x-session", "csrf": "cookie:csrf" } },
              { "request": { "method": "PUT", "url": "/login2", "headers": { "X-Csrf": "{!$Token.csrf}" },
                             "json": { "n": 1, "id": "{!$Token.id}", "deep": [ "{!$Credential.Password}", null, { "x": "<!$Token.ok>" } ] } },
                "extract": { "last": "body" } } ],
            "apply": { "headers": { "Authorization": "Session {!$Token.session}" }, "query": { "t": "{!$Token.last}" }, "cookies": { "csrf": "{!$Token.csrf}" } }
            """, path: "/base/?own=1");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync(Callout("/record?q"))).StatusCode);
        Assert.Equal(3, _service.Requests.Count);
        Assert.Equal("/base/login?own=1&x=1&user=u%20ser", _service.Requests[0].Target);
        Assert.Equal("POST", _service.Requests[0].Method);
        Assert.Equal("application/x-www-form-urlencoded", _service.Requests[0].Header("Content-Type"));
        Assert.Equal("p=pa%22ss%5C%26%3C%0Aword&lit%20eral=a%26b", _service.Requests[0].Text);
        Assert.Equal("PUT", _service.Requests[1].Method);
        Assert.Equal("c-2", _service.Requests[1].Header("X-Csrf"));
        Assert.Equal("pa\"ss\\&<\nword", (string?)JsonNode.Parse(_service.Requests[1].Text)!["deep"]![0]);
        Assert.Equal("42", (string?)JsonNode.Parse(_service.Requests[1].Text)!["id"]);
        Assert.Equal("true", (string?)JsonNode.Parse(_service.Requests[1].Text)!["deep"]![2]!["x"]);
        Assert.Equal("/base/record?own=1&q&t=plain-body-token", _service.Requests[2].Target);
        Assert.Equal("Session sesse-1", _service.Requests[2].Header("Authorization"));
        Assert.Equal("csrf=c-2", _service.Requests[2].Header("Cookie"));
    }

    [Theory]
    [InlineData(500, "{}", "status 500")]
    [InlineData(302, "{}", "status 302")]
    [InlineData(400, """{ "error": "invalid_grant", "error_description": "the-secret" }""", "invalid_grant")]
    [InlineData(400, """{ "error": "the-secret" }""", "status 400")]
    [InlineData(200, "<html>no</html>", "found not exactly one")]
    [InlineData(200, """{ "token": null }""", "found not exactly one")]
    [InlineData(200, """{ "token": {} }""", "found not exactly one")]
    [InlineData(200, """{ "token": "" }""", "found not exactly one")]
    [InlineData(200, "{}", "found not exactly one")]
    public async Task Answer_ThatIsNoSuccess_Fails_AndSaysSo(int status, string body, string detail)
    {
        _login = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            return context.Response.WriteAsync(body);
        };
        var app = await DefineAsync(Simple);
        using var response = await app.GetAsync(Callout("/record"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("token-request-failed", Assert.Single(response.Headers.GetValues("X-Vault-Error")));
        Assert.Contains(detail, text, StringComparison.Ordinal);
        Assert.DoesNotContain("the-secret", text, StringComparison.Ordinal);
        Assert.Single(_service.Requests);
    }

    [Theory]
    [InlineData("null", false)]
    [InlineData("false", false)]
    [InlineData("\"\"", false)]
    [InlineData("[]", false)]
    [InlineData("{}", false)]
    [InlineData("true", true)]
    [InlineData("0", true)]
    [InlineData("\"x\"", true)]
    [InlineData("[null]", true)]
    [InlineData("{\"a\":null}", true)]
    public async Task FailWhen_Fires_OnWhatIsSomething(string value, bool fires)
    {
        _login = context => context.Response.WriteAsync($$"""{ "token": "the-issued-token", "error": {{value}} }""");
        var app = await DefineAsync("""
            "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.token" }, "failWhen": "$.error" } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } }
            """);
        using var response = await app.GetAsync(Callout("/record"));
        Assert.Equal(fires ? HttpStatusCode.BadGateway : HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("\"lifetimeSeconds\": 100", "1", 100)]
    [InlineData("\"expiresIn\": \"end\"", "100", 100)]
    [InlineData("\"expiresIn\": \"end\"", "\"100\"", 100)]
    [InlineData("\"expiresInMs\": \"end\"", "100000", 100)]
    [InlineData("\"expiresAt\": \"end\"", "\"2030-01-01T00:01:40Z\"", 100)]
    [InlineData("\"expiresAt\": \"end\"", "1893456100", 100)]
    [InlineData("\"expiresAt\": \"end\"", "1893456100000", 100)]
    [InlineData("\"expiresIn\": \"end\", \"lifetimeSeconds\": 50", "100", 50)]
    [InlineData("\"lifetimeSeconds\": 500", "\"eyJhbGciOiJub25lIn0.eyJleHAiOjE4OTM0NTYxMDB9.c2ln\"", 100)]
    [InlineData("\"expiresIn\": \"end\"", "0", null)]
    [InlineData("\"expiresIn\": \"end\"", "-5", null)]
    [InlineData("\"expiresIn\": \"end\"", "1e30", null)]
    [InlineData("\"expiresIn\": \"end\"", "\"soon\"", null)]
    [InlineData("\"expiresAt\": \"end\"", "\"2029-01-01T00:00:00Z\"", null)]
    public async Task Lifetime_IsRead_AndEndsTheToken(string setting, string end, int? seconds)
    {
        _login = context => context.Response.WriteAsync($$"""{ "token": "the-issued-token", "end": {{end}} }""");
        var app = await DefineAsync($$"""
            "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.token", "end": "$.end" } } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } }, {{setting}}
            """);
        using var first = await app.GetAsync(Callout("/record"));
        if (seconds is null)
        {
            Assert.Equal(HttpStatusCode.BadGateway, first.StatusCode);
            return;
        }

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        _time.Advance(TimeSpan.FromSeconds(seconds.Value * 0.8));
        await app.GetAsync(Callout("/record"));
        Assert.Equal(1, Logins());
        _time.Advance(TimeSpan.FromSeconds(seconds.Value * 0.3));
        await app.GetAsync(Callout("/record"));
        Assert.Equal(2, Logins());
    }

    [Fact]
    public async Task DeadToken_ByStatusAndText_IsRenewedOnce_ButNotWhenTooYoung()
    {
        var dead = true;
        _record = (context, request) =>
        {
            Assert.Equal("identity", request.Header("Accept-Encoding"));
            context.Response.StatusCode = dead ? 500 : 200;
            return context.Response.WriteAsync(dead ? "... INVALID_SESSION_ID ..." : "fine");
        };
        var app = await DefineAsync(Simple + """, "refreshOn": [ { "status": 500, "bodyContains": "INVALID_SESSION_ID" } ]""", settings: """, "redactResponses": false""");

        // It is read, so it has to come in plain, whatever the caller takes.
        app.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");

        // Just got, never worked: another one would be no better.
        using (var young = await app.GetAsync(Callout("/record")))
        {
            Assert.Equal("... INVALID_SESSION_ID ...", await young.Content.ReadAsStringAsync());
            Assert.Equal(1, Logins());
        }

        _time.Advance(TimeSpan.FromSeconds(11));
        using (var old = await app.GetAsync(Callout("/record")))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, old.StatusCode);
            Assert.Equal(2, Logins());
        }

        dead = false;
        Assert.Equal("fine", await app.GetStringAsync(Callout("/record")));
        dead = true;
        await app.GetAsync(Callout("/record"));
        Assert.Equal(3, Logins());
    }

    [Theory]
    [InlineData("gzip", 0, 2)]
    [InlineData("deflate", 0, 2)]
    [InlineData("br", 0, 2)]
    [InlineData("br, gzip", 0, 2)]
    [InlineData("gzip", (64 * 1024) - 18, 2)]
    [InlineData("gzip", (64 * 1024) - 17, 1)]
    [InlineData("gzip", 4 * 1024 * 1024, 1)]
    [InlineData("utf-8", 0, 2)]
    [InlineData("gzip, cut off", 0, 2)]
    public async Task DeadToken_ByText_IsFoundInACodedAnswer_WhichIsHandedOnAsItCame(string coding, int before, int logins)
    {
        var text = Encoding.ASCII.GetBytes(new string('x', before) + "INVALID_SESSION_ID" + new string('y', 200_000));
        var coded = coding.Split(", ").Aggregate(text, Encode);
        var isDead = false;
        _record = async (context, _) =>
        {
            context.Response.StatusCode = isDead ? 500 : 200;
            context.Response.Headers.ContentEncoding = coding.Replace(", cut off", "", StringComparison.Ordinal);
            await context.Response.Body.WriteAsync(coded);
        };
        var app = await DefineAsync(Simple + """, "refreshOn": [ { "status": 500, "bodyContains": "INVALID_SESSION_ID" } ]""", settings: """, "redactResponses": false""");
        Assert.Equal(coded, await app.GetByteArrayAsync(Callout("/record")));
        isDead = true;
        using var answer = await app.GetAsync(Callout("/record"));
        Assert.Equal(logins, Logins());
        Assert.Equal(coded, await answer.Content.ReadAsByteArrayAsync());

        static byte[] Encode(byte[] plain, string coding)
        {
            using var coded = new MemoryStream();
            Stream? encoder = coding switch
            {
                "gzip" => new GZipStream(coded, CompressionLevel.Fastest),
                "deflate" => new ZLibStream(coded, CompressionLevel.Fastest),
                "br" => new BrotliStream(coded, CompressionLevel.Fastest),
                _ => null,
            };
            if (encoder is null)
            {
                return coding == "cut off" ? plain[..^8] : plain;
            }

            using (encoder)
            {
                encoder.Write(plain);
            }

            return coded.ToArray();
        }
    }

    [Fact]
    public async Task RetryOff_GivesTheTokenUp_ButSendsNotAgain()
    {
        _record = (context, request) =>
        {
            context.Response.StatusCode = request.Target == "/record" ? 200 : 401;
            return Task.CompletedTask;
        };
        var app = await DefineAsync(Simple, settings: """, "retryOnUnauthorized": false""");
        await app.GetAsync(Callout("/record"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.GetAsync(Callout("/other"))).StatusCode);
        Assert.Equal(1, Logins());
        await app.GetAsync(Callout("/record"));
        Assert.Equal(2, Logins());
    }

    [Fact]
    public async Task Failure_IsRepeated_For5Seconds_Then10()
    {
        _login = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var app = await DefineAsync(Simple);
        await CallAsync(1);
        await CallAsync(1);
        _time.Advance(TimeSpan.FromSeconds(5));
        await CallAsync(2);
        _time.Advance(TimeSpan.FromSeconds(9));
        await CallAsync(2);
        _time.Advance(TimeSpan.FromSeconds(1));
        await CallAsync(3);

        async Task CallAsync(int logins)
        {
            Assert.Equal(HttpStatusCode.BadGateway, (await app.GetAsync(Callout("/record"))).StatusCode);
            Assert.Equal(logins, Logins());
        }
    }

    [Fact]
    public async Task GenerateOff_LogsInOnlyWhereTheTokenIsNamed()
    {
        var app = await DefineAsync(Simple, settings: """, "generateAuthorizationHeader": false, "allowMergeFieldsInBody": true""");
        await app.PostAsync(Callout("/record"), new StringContent("nothing"));
        Assert.Equal(0, Logins());
        await app.PostAsync(Callout("/record"), new StringContent("{!$Token.t} {!$Credential.OAuthToken}"));
        Assert.Equal(1, Logins());
        Assert.Equal("the-issued-token the-issued-token", _service.Requests[^1].Text);
        Assert.Null(_service.Requests[^1].Header("Authorization"));
    }

    [Fact]
    public async Task FieldThatIsInvalid_IsFoundBeforeALogin()
    {
        var app = await DefineAsync(Simple, settings: """, "allowMergeFieldsInBody": true""");
        Assert.Equal(HttpStatusCode.BadRequest, (await app.PostAsync(Callout("/record"), new StringContent("{!$Token.other}"))).StatusCode);
        Assert.Empty(_service.Requests);
    }

    private const string Simple = """
        "steps": [ { "request": { "url": "/login" }, "extract": { "t": "$.token" } } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } }
        """;

    private int Logins() => _service.Requests.Count(request => request.Target.StartsWith("/login", StringComparison.Ordinal));

    [Theory]
    [InlineData("{!HEX(BASE64DECODE($Credential.Password))}", "fine", "merge-field-invalid")]
    [InlineData("{!HEX(BASE64DECODE($Credential.Password))}", "{!$Credential.Password}", "merge-field-invalid")]
    [InlineData("fine", "{!HEX(BASE64DECODE($Credential.Password))}", "merge-field-invalid")]
    [InlineData("fine", "{!$Credential.Password}", "secret-not-a-header-value")]
    [InlineData("{!$Credential.User}", "{!$Credential.User}", "token-request-failed")]
    public async Task WhatCantBeFilledIn_IsFoundBeforeTheLogin(string body, string header, string code)
    {
        _login = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var app = await DefineAsync(Simple, settings: """, "allowMergeFieldsInBody": true, "allowMergeFieldsInHeader": true""");
        using var request = new HttpRequestMessage(HttpMethod.Post, Callout("/record")) { Content = new StringContent(body) };
        request.Headers.TryAddWithoutValidation("X-A", header);
        using var response = await app.SendAsync(request);
        Assert.Equal(code, response.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(code == "token-request-failed" ? 1 : 0, _service.Requests.Count);
    }

    [Fact]
    public async Task PatchOfNothing_KeepsTheToken()
    {
        var app = await DefineAsync(Simple);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync(Callout("/record"))).StatusCode);
        var path = $"/api/v1/external-credentials/L{_names}/principals/default/credential";
        await _vault.AdminAsync(HttpMethod.Patch, path, """{ "parameters": {} }""");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync(Callout("/record"))).StatusCode);
        Assert.Single(_service.Requests, request => request.Target == "/login");
        await _vault.AdminAsync(HttpMethod.Patch, path, """{ "parameters": { "User": "other" } }""");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync(Callout("/record"))).StatusCode);
        Assert.Equal(2, _service.Requests.Count(request => request.Target == "/login"));
    }

    private string Callout(string path) => $"/callout/L{_names}{path}";

    private async Task<HttpClient> DefineAsync(string login, string path = "", string settings = "")
    {
        var name = "L" + ++_names;
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{_service.Url}}{{path}}",
              "authentication": { "protocol": "login", {{login}}, "parameters": { "User": "u ser", "Password": "pa\"ss\\&<\nword" } }{{settings}} }
            """);
        return _vault.CreateClient(await _vault.CreateAppAsync("App" + name, name));
    }
}
