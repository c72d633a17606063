using System.Net;
using System.Text;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class HeaderTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Password = """{ "protocol": "password", "username": "user", "password": "p:ass wörd" }""";
    private static readonly string Basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:p:ass wörd"));

    [Fact]
    public async Task Authorization_Generated_ReplacesTheCallers()
    {
        var callout = await fixture.CreateAsync(Password);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("Authorization", "Bearer mine"));
        Assert.Equal(Basic, seen.Header("Authorization"));
    }

    [Fact]
    public async Task Authorization_NotGenerated_KeepsTheCallers()
    {
        var callout = await fixture.CreateAsync(Password, "\"generateAuthorizationHeader\": false");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("Authorization", "Bearer mine"));
        Assert.Equal("Bearer mine", seen.Header("Authorization"));
    }

    [Theory]
    [InlineData("""{ "protocol": "bearer", "token": "the-token-value" }""", "Authorization", "Bearer the-token-value")]
    [InlineData("""{ "protocol": "apiKey", "in": "header", "parameterName": "X-Key", "prefix": "Key ", "apiKey": "k-12345678" }""", "X-Key", "Key k-12345678")]
    [InlineData("""{ "protocol": "apiKey", "in": "cookie", "parameterName": "session", "apiKey": "k-12345678" }""", "Cookie", "session=k-12345678")]
    [InlineData("""{ "protocol": "apiKey", "in": "header", "parameterName": "X-Key", "apiKey": "k-12345678" }""", "X-Key", "k-12345678")]
    public async Task Protocol_Generated_PutsItsValue(string authentication, string header, string value)
    {
        var callout = await fixture.CreateAsync(authentication);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x");
        Assert.Equal(value, seen.Header(header));
    }

    [Theory]
    [InlineData("""{ "protocol": "bearer", "token": "the-token-value" }""", "Token", "Bearer another-value", "another-value")]
    [InlineData("""{ "protocol": "bearer", "token": "tökén-välue" }""", "Token", "Bearer another-value", "another-value")]
    [InlineData("""{ "protocol": "bearer", "token": "short" }""", "Token", "Bearer another-value", "another-value")]
    [InlineData("""{ "protocol": "bearer", "token": "two words-of-it" }""", "Token", "Bearer another-value", "another-value")]
    [InlineData(Password, "Password", "Basic dXNlcjphbm90aGVyLXZhbHVl", "another-value")]
    [InlineData("""{ "protocol": "apiKey", "in": "header", "parameterName": "Authorization", "prefix": "Key ", "apiKey": "k-12345678" }""", "ApiKey", "Key another-value", "another-value")]
    [InlineData("""{ "protocol": "apiKey", "in": "header", "parameterName": "Authorization", "apiKey": "k-1234 5678" }""", "ApiKey", "another-value", "another-value")]
    [InlineData("""{ "protocol": "apiKey", "in": "header", "parameterName": "Authorization", "apiKey": "k-12" }""", "ApiKey", "another-value", "another-value", false)]
    public async Task Callout_SentAgain_GoesOutAsTheFirst_UntilAParameterChanges(string authentication, string parameter, string changed, string value, bool isSearched = true)
    {
        var callout = await fixture.CreateAsync(authentication);
        (string, string)[] headers = [("Authorization", "Bearer mine"), ("Range", "bytes=0-1"), ("Accept-Encoding", "gzip"), ("X-Kept", "1"), ("X-Kept", "2")];
        var first = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{}", headers: headers);
        var second = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{}", headers: headers);
        Assert.Equal(first.Headers, second.Headers);
        Assert.Equal(first.Body, second.Body);

        // An answer that can't be searched is not asked for; where there is nothing to search for, all is left alone.
        Assert.Equal(isSearched ? ("identity", null) : ("gzip", "bytes=0-1"), (second.Header("Accept-Encoding"), second.Header("Range")));

        await fixture.Vault.AdminAsync(
            HttpMethod.Patch, $"/api/v1/external-credentials/{callout.Name}/principals/default/credential", $$"""{ "parameters": { "{{parameter}}": "{{value}}" } }""");
        Assert.Equal(changed, (await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: headers)).Header("Authorization"));
        Assert.Equal(changed, (await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: headers)).Header("Authorization"));
    }

    [Fact]
    public async Task ApiKeyInQuery_JoinsUrlsAndCallersQuery_AndReplacesTheCallers()
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "apiKey", "in": "query", "parameterName": "api key", "apiKey": "a&b=c d" }""", path: "/base/?own=1");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x?a=%2F&api+key=mine&b&api%20key=too");
        Assert.Equal("/base/x?own=1&a=%2F&b&api%20key=a%26b%3Dc%20d", seen.Target);
    }

    [Fact]
    public async Task ApiKeyInCookie_ReplacesTheCallersOfThatName_AndJoinsOthers()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "apiKey", "in": "cookie", "parameterName": "s", "apiKey": "secret-12345" }""");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("Cookie", "a=1; s=mine; b=2"));
        Assert.Equal("a=1; b=2; s=secret-12345", seen.Header("Cookie"));
    }

    [Fact]
    public async Task Headers_OfTheConnectionAndOfTheVault_AreNotForwarded()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers:
        [
            ("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "5"), ("Proxy-Connection", "x"), ("Forwarded", "for=1"), ("X-Forwarded-For", "1"),
            ("X-Forwarded-Host", "x"), ("X-Vault-Anything", "x"), ("X-Vault-Principal", "default"), ("X-Kept", "ünï"), ("TE", "trailers"), ("X-HTTP-Method-Override", "DELETE"),
        ]);
        Assert.All(
            ["X-Hop", "Keep-Alive", "Proxy-Connection", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Vault-Anything", "X-Vault-Principal", "X-Vault-Key", "TE"],
            name => Assert.Null(seen.Header(name)));
        Assert.Equal("DELETE", seen.Header("X-HTTP-Method-Override"));
        Assert.Equal(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("ünï")), seen.Header("X-Kept"));
        Assert.Equal(new Uri(fixture.Upstream.Url).Authority, seen.Header("Host"));
    }

    [Theory]
    [InlineData("X-Vault-Key", "{0}")]
    [InlineData("Proxy-Authorization", "Bearer {0}")]
    [InlineData("Proxy-Authorization", "Basic {1}")]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Authorization", "Basic {1}")]
    [InlineData("x-api-key", "{0}")]
    public async Task Key_FromEveryPlace_WorksAndIsNotForwarded(string header, string format)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        using var client = fixture.Vault.CreateClient((string?)null);
        var value = string.Format(null, format, callout.Key, Convert.ToBase64String(Encoding.UTF8.GetBytes("any:" + callout.Key)));
        var seen = await (callout with { Client = client }).SendAndRecordAsync(HttpMethod.Get, "/x", headers: (header, value));
        Assert.DoesNotContain(seen.Headers, sent => sent.Value.Contains(callout.Key[..12], StringComparison.Ordinal));
        Assert.Null(seen.Header(header));
    }

    [Theory]
    [InlineData("Authorization", "{0}")]
    [InlineData("Authorization", "Token {0}")]
    [InlineData("Authorization", "Basic {1}")]
    [InlineData("X_Api_Key", "{0}")]
    [InlineData("X-API-Key", "\"{0}\"")]
    public async Task Key_InAnyForm_IsNotForwarded_BesideTheOneThatCounts(string header, string format)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        var value = string.Format(null, format, callout.Key, Convert.ToBase64String(Encoding.UTF8.GetBytes(callout.Key + ":")));
        Assert.Null((await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: (header, value))).Header(header));
    }

    [Fact]
    public async Task ContentHeaders_OfAnAdmin_AreSentWithoutABody_AndSigned()
    {
        const string Custom = "\"customHeaders\": [ { \"name\": \"Content-Type\", \"value\": \"application/json\" }, { \"name\": \"Content-Language\", \"value\": \"de\" } ]";
        var seen = await (await fixture.CreateAsync("""{ "protocol": "none" }""", Custom)).SendAndRecordAsync(HttpMethod.Get, "/x");
        Assert.Equal(("application/json", "de"), (seen.Header("Content-Type"), seen.Header("Content-Language")));
        var signed = await (await fixture.CreateAsync(
            """{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "execute-api", "accessKeyId": "AKIDEXAMPLE1", "secretAccessKey": "the-secret-access-key" }""", Custom)).SendAndRecordAsync(HttpMethod.Get, "/x");
        Assert.Contains("SignedHeaders=content-type;", signed.Header("Authorization"), StringComparison.Ordinal);
        Assert.Equal("application/json", signed.Header("Content-Type"));
    }

    [Fact]
    public async Task Key_InXVaultKey_LeavesTheCallersOwnAuthorization()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: [("Authorization", "Bearer own"), ("x-api-key", "own")]);
        Assert.Equal("Bearer own", seen.Header("Authorization"));
        Assert.Equal("own", seen.Header("x-api-key"));
    }

    [Fact]
    public async Task CustomHeaders_OfBothCredentials_WinInOrder()
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "{{name}}", "authentication": { "protocol": "bearer" },
              "customHeaders": [ { "name": "X-Both", "value": "ec" }, { "name": "X-Ec", "value": "{!$Credential.Tenant}" }, { "name": "X-Vault-Token", "value": "grün" } ] }
            """);
        await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{name}/principals/default/credential",
            """{ "parameters": { "Token": "tok-123456789", "Tenant": "acme" } }""");
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{fixture.Upstream.Url}}", "externalCredential": "{{name}}",
              "customHeaders": [ { "name": "x-both", "value": "nc" }, { "name": "Authorization", "value": "Custom {!$Credential.Token}" } ] }
            """);
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        var callout = new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: [("X-Both", "caller"), ("X-Ec", "caller")]);
        Assert.Equal("nc", seen.Header("X-Both"));
        Assert.Equal("acme", seen.Header("X-Ec"));
        Assert.Equal(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("grün")), seen.Header("X-Vault-Token"));
        Assert.Equal("Custom tok-123456789", seen.Header("Authorization"));
    }

    [Fact]
    public async Task Secret_WithControlCharacter_IsNeverAHeader()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "bearer", "token": "abc\r\nX-Evil: 1" }""");
        await callout.SendRefusedAsync("secret-not-a-header-value", HttpStatusCode.UnprocessableEntity, HttpMethod.Get, "/x");
        var spaced = await fixture.CreateAsync("""{ "protocol": "apiKey", "in": "header", "parameterName": "X-Key", "apiKey": "12345678 " }""");
        await spaced.SendRefusedAsync("secret-not-a-header-value", HttpStatusCode.UnprocessableEntity, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task Answer_LosesHeadersOfConnectionAndVault_AndKeepsTheOthers()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        fixture.Upstream.Answer = async (context, _) =>
        {
            context.Response.StatusCode = 418;
            foreach (var (name, value) in new[]
            {
                ("X-Vault-Error", "fake"), ("X-Vault-Request-Id", "fake"), ("Alt-Svc", "h3"), ("Strict-Transport-Security", "max-age=1"),
                ("Clear-Site-Data", "*"), ("X-Kept", "1"), ("ETag", "\"a\""), ("Location", "http://elsewhere/"),
            })
            {
                context.Response.Headers[name] = value;
            }

            context.Response.Headers.SetCookie = new[] { "a=1; Domain=x.example; Path=/in; HttpOnly", "b=2" };
            await context.Response.Body.WriteAsync("teapot"u8.ToArray());
        };
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        fixture.Upstream.Answer = (context, _) => context.Response.Body.WriteAsync("ok"u8.ToArray()).AsTask();
        Assert.Equal(418, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("X-Vault-Error"));
        Assert.NotEqual("fake", Assert.Single(response.Headers.GetValues("X-Vault-Request-Id")));
        Assert.All(["Alt-Svc", "Strict-Transport-Security", "Clear-Site-Data"], name => Assert.False(response.Headers.Contains(name)));
        Assert.Equal("1", Assert.Single(response.Headers.GetValues("X-Kept")));
        Assert.Equal("http://elsewhere/", response.Headers.Location?.OriginalString);
        Assert.Equal(
            [$"a=1; HttpOnly; Path=/callout/{callout.Name}/in", $"b=2; Path=/callout/{callout.Name}"], response.Headers.GetValues("Set-Cookie"));
        Assert.Equal("teapot", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 304)]
    [InlineData("GET", 204)]
    public async Task AnswerWithoutBody_ComesAsItIs(string method, int status)
    {
        var callout = await fixture.CreateAsync(Password);
        fixture.Upstream.Answer = (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.ETag = "\"strong\"";
            if (method == "HEAD")
            {
                context.Response.ContentLength = 1234;
            }

            return Task.CompletedTask;
        };
        using var response = await callout.SendAsync(new HttpMethod(method), "/x");
        fixture.Upstream.Answer = (context, _) => context.Response.Body.WriteAsync("ok"u8.ToArray()).AsTask();
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("\"strong\"", response.Headers.ETag?.ToString());
        Assert.Equal(method == "HEAD" ? 1234 : 0, response.Content.Headers.ContentLength ?? 0);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Search_AsksForPlainAndWhole_WhereThereIsSomethingToSearchFor()
    {
        var searched = await fixture.CreateAsync(Password);
        var seen = await searched.SendAndRecordAsync(HttpMethod.Get, "/x", headers: [("Accept-Encoding", "gzip"), ("Range", "bytes=0-1"), ("If-Range", "x")]);
        Assert.Equal("identity", seen.Header("Accept-Encoding"));
        Assert.Null(seen.Header("Range"));
        Assert.Null(seen.Header("If-Range"));
        foreach (var authentication in new[] { """{ "protocol": "none" }""", Password })
        {
            var plain = await fixture.CreateAsync(authentication, authentication == Password ? "\"redactResponses\": false" : "");
            seen = await plain.SendAndRecordAsync(HttpMethod.Get, "/x", headers: [("Accept-Encoding", "gzip"), ("Range", "bytes=0-1")]);
            Assert.Equal("gzip", seen.Header("Accept-Encoding"));
            Assert.Equal("bytes=0-1", seen.Header("Range"));
        }
    }

    [Fact]
    public async Task Coding_ThatCantBeRead_IsRefused()
    {
        var callout = await fixture.CreateAsync(Password);
        fixture.Upstream.Answer = (context, _) =>
        {
            context.Response.Headers.ContentEncoding = "zstd";
            return context.Response.Body.WriteAsync(new byte[] { 1, 2, 3 }).AsTask();
        };
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        fixture.Upstream.Answer = (context, _) => context.Response.Body.WriteAsync("ok"u8.ToArray()).AsTask();
        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal("response-not-inspectable", Assert.Single(response.Headers.GetValues("X-Vault-Error")));
    }
}
