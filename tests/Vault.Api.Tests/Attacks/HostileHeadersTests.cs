using System.Text;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Headers by which a caller could reach for what the vault sets, removes, or says about itself.</summary>
public sealed class HostileHeadersTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    private const string Bearer = "Bearer " + WireFixture.Secret;

    [Theory]
    [InlineData("Connection: close, X-Hop\r\nX-Hop: 1", "X-Hop")]
    [InlineData("Connection: close\r\nConnection: x-hop\r\nX-HOP: 1", "X-Hop")]
    [InlineData("Connection: close, Content-Type\r\nContent-Type: text/plain", "Content-Type")]
    [InlineData("Connection: close\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1", "X-Hop")]
    [InlineData("Connection: X-Hop,close\r\nX-Hop: 1", "X-Hop")]
    [InlineData("Connection: close\r\nKeep-Alive: timeout=5", "Keep-Alive")]
    [InlineData("Connection: close\r\nProxy-Connection: keep-alive", "Proxy-Connection")]
    [InlineData("Connection: close\r\nProxy-Authorization: Basic bWluZQ==", "Proxy-Authorization")]
    [InlineData("Connection: close\r\nProxy-Authenticate: Basic", "Proxy-Authenticate")]
    [InlineData("Connection: close, TE\r\nTE: trailers, deflate", "TE")]
    [InlineData("Connection: close\r\nTrailer: X-T", "Trailer")]
    [InlineData("Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Upgrade")]
    [InlineData("Connection: close, Upgrade\r\nUpgrade: h2c, websocket", "Upgrade")]
    [InlineData("Connection: close\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "HTTP2-Settings")]
    [InlineData("Connection: close\r\nExpect: 100-continue", "Expect")]
    [InlineData("Connection: close\r\nForwarded: for=127.0.0.1;host=evil.example", "Forwarded")]
    [InlineData("Connection: close\r\nX-Forwarded-For: 127.0.0.1", "X-Forwarded-For")]
    [InlineData("Connection: close\r\nx-forwarded-host: evil.example", "X-Forwarded-Host")]
    [InlineData("Connection: close\r\nX_Forwarded_For: 127.0.0.1", "X_Forwarded_For")]
    [InlineData("Connection: close\r\nX-Vault-Principal: default", "X-Vault-Principal")]
    [InlineData("Connection: close\r\nX-Vault-Anything: 1", "X-Vault-Anything")]
    [InlineData("Connection: close\r\nX_Vault_Anything: 1", "X_Vault_Anything")]
    [InlineData("Connection: close\r\nContent_Length: 5", "Content_Length")]
    [InlineData("Connection: close\r\nTransfer_Encoding: chunked", "Transfer_Encoding")]
    [InlineData("Connection: close\r\nX-Content-Length: 5", "X-Content-Length")]
    public async Task Header_OfTheConnectionOrTheVault_StaysHere_AndTheAuthorizationGoes(string headers, string removed)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Raw/x HTTP/1.1\r\n{{host}}\r\n{headers}\r\n\r\n");
        Assert.Equal(200, answer.Statuses[^1]);
        Assert.DoesNotContain($"\n{removed}:", sent, StringComparison.OrdinalIgnoreCase);
        Assert.Equal([Bearer], Values(sent!, "Authorization"));
        Assert.Empty(Values(sent!, "X-Vault-Key"));
    }

    [Theory]
    [InlineData("X-A: a\u001bb")]
    [InlineData("X(A: a")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    public async Task Head_ThatIsRefused_IsOnRecord(string header)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"POST /callout/Raw/framing HTTP/1.1\r\n{{host}}\r\n{header}\r\nConnection: close\r\n\r\n");
        Assert.Equal((400, null), (answer.Statuses[^1], sent));
        var id = Assert.Single(Values(answer.Text, "X-Vault-Request-Id"));
        var records = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&pageSize=50"))!["items"]!.AsArray();
        var record = Assert.Single(records, item => (string?)item!["id"] == id)!;
        Assert.Equal(("invalid-request", "Wire", "Raw", "/framing"), ((string?)record["code"], (string?)record["actor"], (string?)record["target"], (string?)record["path"]));
    }

    [Theory]
    [InlineData("Authorization: Bearer mine")]
    [InlineData("authorization: Bearer mine\r\nAUTHORIZATION: Basic bWluZTptaW5l")]
    [InlineData("Connection: close, Authorization\r\nAuthorization: Bearer mine")]
    [InlineData("Connection: Authorization, close")]
    [InlineData("Authorization: Bearer mine\r\nConnection: authorization")]
    public async Task Authorization_OfTheCaller_NeverStandsBesideTheVaults(string headers)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Raw/x HTTP/1.1\r\n{{host}}\r\n{headers}\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal([Bearer], Values(sent!, "Authorization"));
    }

    [Fact]
    public async Task ApiKey_OfTheCaller_InEveryCaseAndWithUnderscores_GivesWay()
    {
        const string Authentication = """{ "protocol": "apiKey", "in": "header", "parameterName": "X-Api-Key", "apiKey": "canary-api-key-5512" }""";
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Keyed", "url": "{{fixture.Upstream.Url}}", "authentication": {{Authentication}} }""");
        await fixture.Vault.GrantAsync("Wire", "Keyed");
        var (answer, sent) = await fixture.ExchangeAsync(
            "GET /callout/Keyed/x HTTP/1.1\r\n{host}\r\nX-Api-Key: mine\r\nx-api-key: mine\r\nX_Api_Key: mine\r\nX-API_KEY: mine\r\nX-Api-Key2: other\r\nConnection: close, X-Api-Key\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal(["canary-api-key-5512"], Values(sent!, "X-Api-Key"));
        Assert.Equal(["other"], Values(sent!, "X-Api-Key2"));
        Assert.DoesNotContain("mine", sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overrides_OfMethodAndPath_AreDropped_WhereRequestsAreRestricted()
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"allowedRequests\": [ {{ \"methods\": [\"GET\"], \"path\": \"/x\" }} ]");
        var (answer, sent) = await fixture.ExchangeAsync(
            $"GET /callout/{name}/x HTTP/1.1\r\nHost: {{authority}}\r\nX-Vault-Key: {key}\r\nX-HTTP-Method-Override: DELETE\r\nX-Http-Method: DELETE\r\nX-Method-Override: DELETE\r\n"
            + "x_http_method_override: DELETE\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.DoesNotContain("DELETE", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("/admin", sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_IsUpstreams_WhateverTheCallerSays()
    {
        var (answer, sent) = await fixture.ExchangeAsync("GET /callout/Raw/x HTTP/1.1\r\nHost: evil.example\r\nX-Vault-Key: " + fixture.Key + "\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal([$"127.0.0.1:{fixture.Upstream.Port}"], Values(sent!, "Host"));
    }

    [Fact]
    public async Task Trailers_OfTheCaller_AreDropped()
    {
        var (answer, sent) = await fixture.ExchangeAsync(
            "POST /callout/Held/x HTTP/1.1\r\n{host}\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-T, Authorization\r\nConnection: close\r\n\r\n"
            + "2;a=b\r\nhi\r\n0\r\nX-T: trailer\r\nAuthorization: trailer\r\nContent-Length: 40\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal(["2"], Values(sent!, "Content-Length"));
        Assert.Equal([Bearer], Values(sent!, "Authorization"));
        Assert.DoesNotContain("trailer", fixture.Upstream.Received[^1], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Expect_IsAnsweredHere()
    {
        var (answer, sent) = await fixture.ExchangeAsync("POST /callout/Held/x HTTP/1.1\r\n{host}\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        Assert.Equal(200, answer.Statuses[^1]);
        Assert.Empty(Values(sent!, "Expect"));
    }

    [Theory]
    [InlineData("\u010d\u010a")]
    [InlineData("\u560d\u560aSet-Cookie: a=b")]
    [InlineData("caf\u00e9 \u65e5\u672c \ud83d\ude00")]
    public async Task Value_BeyondAscii_KeepsItsBytes_AndNeverBecomesALineEnd(string value)
    {
        var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value));
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Raw/x HTTP/1.1\r\n{{host}}\r\nX-A: {bytes}\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal([bytes], Values(sent!, "X-A"));
        Assert.Empty(Values(sent!, "Set-Cookie"));

        // The same as a secret, which goes out as UTF-8.
        var name = "Wide" + value.Length + (int)value[0];
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{fixture.Upstream.Url}}", "authentication": { "protocol": "bearer", "token": "{{value}}" } }
            """);
        await fixture.Vault.GrantAsync("Wire", name);
        (answer, sent) = await fixture.ExchangeAsync($"GET /callout/{name}/x HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Equal(["Bearer " + bytes], Values(sent!, "Authorization"));
    }

    [Theory]
    [InlineData("{!BASE64DECODE('YQ0KWC1FdmlsOiAx')}")]
    [InlineData("{!BASE64DECODE('YQBi')}")]
    [InlineData("{!BASE64DECODE('YQti')}")]
    [InlineData("a{!BASE64DECODE('Cg==')}")]
    public async Task Field_ThatBecomesAControlCharacter_IsNoHeader(string value)
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"allowMergeFieldsInHeader\": true");
        var (answer, sent) = await fixture.ExchangeAsync(
            $"GET /callout/{name}/x HTTP/1.1\r\nHost: {{authority}}\r\nX-Vault-Key: {key}\r\nX-A: {value}\r\nConnection: close\r\n\r\n");
        Assert.True(answer.Statuses is [422] or [400], answer.Text);
        Assert.Null(sent);
    }

    [Fact]
    public async Task Cookies_OfOneCaller_NeverReachAnother()
    {
        const string SetsCookie = "HTTP/1.1 200 OK\r\nSet-Cookie: session=of-the-first; Path=/\r\nContent-Length: 2\r\n\r\nok";
        var (first, _) = await fixture.ExchangeAsync("GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n", SetsCookie);
        Assert.Contains("session=of-the-first; Path=/callout/Raw\r\n", first.Text, StringComparison.Ordinal);
        var (_, sent) = await fixture.ExchangeAsync("GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n");
        Assert.Empty(Values(sent!, "Cookie"));
    }

    [Theory]
    [InlineData("/callout/Raw/x", "/callout/Raw")]
    [InlineData("/callout/rAW?q", "/callout/rAW")]
    [InlineData("/Callout/raw/x", "/Callout/raw")]
    public async Task Cookies_GoBelowTheNameAsItWasSpelled(string target, string path)
    {
        // Browsers tell paths apart by case.
        var (answer, _) = await fixture.ExchangeAsync(
            $"GET {target} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/in\r\nSet-Cookie: c=d\r\nContent-Length: 2\r\n\r\nok");
        Assert.Equal([$"a=b; Path={path}/in", $"c=d; Path={path}"], Values(answer.Text, "Set-Cookie"));
    }

    [Fact]
    public async Task Answer_NeverSpeaksForTheVault_NorForItsHost()
    {
        var (answer, _) = await fixture.ExchangeAsync(
            "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 418 Teapot\r\nX-Vault-Error: fake\r\nx-vault-request-id: fake\r\nX-VAULT-NEW: fake\r\nAlt-Svc: h3=\":443\"\r\nStrict-Transport-Security: fake\r\nClear-Site-Data: \"fake\"\r\n"
            + "Set-Cookie: a=b; Domain=fake.example; path=/in; Secure\r\nSet-Cookie: c=d;DOMAIN =fake; Domain=fake\r\nConnection: X-Hop\r\nX-Hop: fake\r\nProxy-Authenticate: fake\r\nKeep-Alive: fake\r\nContent-Length: 2\r\n\r\nok");
        Assert.Equal([418], answer.Statuses);
        Assert.DoesNotContain("fake", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Alt-Svc", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(["a=b; Secure; Path=/callout/Raw/in", "c=d; Path=/callout/Raw"], Values(answer.Text, "Set-Cookie"));
        Assert.Single(Values(answer.Text, "X-Vault-Request-Id"));
    }

    [Theory]
    [InlineData(300, 5)]
    [InlineData(50, 4000)]
    [InlineData(1, 100_000)]
    public async Task Heads_ThatAreTooLarge_AreRefused(int count, int length)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('a', length)}\r\n"));
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Raw/x HTTP/1.1\r\n{{host}}\r\n{headers}\r\n");
        Assert.Null(sent);
        Assert.True(answer.IsClosed);
        Assert.True(answer.Statuses is [431] or [], answer.Text);
    }

    [Theory]
    [InlineData("TRACE /callout/Raw/x", 403)]
    [InlineData("CONNECT /callout/Raw/x", 403)]
    [InlineData("trace /callout/Raw/x", 403)]
    [InlineData("Trace /callout/Raw/x", 403)]
    [InlineData("connect /callout/Raw/x", 403)]
    [InlineData("head /callout/Raw/x", 403)]
    [InlineData("get /callout/Raw/x", 403)]
    [InlineData("CONNECT {authority}", 0)]
    [InlineData("OPTIONS *", 0)]
    [InlineData("GET http://{authority}/callout/Raw/x", 403)]
    [InlineData("GET https://{authority}/callout/Raw/x", 403)]
    [InlineData("GET http://user@{authority}/callout/Raw/x", 403)]
    [InlineData("GET //callout/Raw/x", 0)]
    [InlineData("GET /%63allout/Raw/x", 403)]
    [InlineData("GET /callout/Raw/x#fragment", 403)]
    [InlineData("GET /callout/Raw/x?a#fragment", 403)]
    public async Task OtherForms_OfTheRequestLine_AreNeverSent(string line, int status)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"{line} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
        Assert.Null(sent);
        var got = Assert.Single(answer.Statuses);
        Assert.True(status == 0 ? got is >= 400 and < 500 : got == status, answer.Text);
    }

    private static string[] Values(string head, string name) =>
    [
        .. head.Split("\r\n\r\n")[0].Split("\r\n").Skip(1)
            .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim()),
    ];
}
