using System.Net;
using System.Net.Security;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>Whoever may not go through the forward proxy, and what it is told.</summary>
public sealed class RefusalTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private static JsonNode ProblemOf(string answer) => JsonNode.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)])!;

    private async Task<RawClient.RawAnswer> SendAsync(string request) => await RawClient.SendAsync(fixture.Proxy, null, request);

    [Theory]
    [InlineData("")]
    [InlineData("Proxy-Authorization: Bearer vk_unknown0_0123456789abcdef0123456789abcdef01234567890\r\n")]
    [InlineData("Proxy-Authorization: Basic !!!\r\n")]
    [InlineData("X-Vault-Key: @\r\n")]
    [InlineData("Authorization: Bearer @\r\n")]
    [InlineData("Proxy-Authorization: Bearer @\r\nProxy-Authorization: Bearer @\r\n")]
    public async Task NoKeyOfTheProxy_Is407_ForBothForms(string header)
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        header = header.Replace("@", await fixture.AppAsync(name), StringComparison.Ordinal);
        var before = fixture.Plain.Connections;
        var authority = new Uri(fixture.Plain.Url).Authority;

        // A client of undici names the host without its port.
        foreach (var request in new[]
        {
            $"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{header}\r\n",
            $"CONNECT {authority} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n",
            $"CONNECT {authority} HTTP/1.0\r\n{header}\r\n",
            $"GET {fixture.Plain.Url}/x HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{header}\r\n",
        })
        {
            var answer = await SendAsync(request);
            Assert.Equal([407], answer.Statuses);
            Assert.True(answer.IsClosed);
            Assert.Contains("Proxy-Authenticate: Basic realm=\"vault\"\r\n", answer.Text, StringComparison.Ordinal);
            Assert.Contains("Connection: close\r\n", answer.Text, StringComparison.OrdinalIgnoreCase);
            var problem = ProblemOf(answer.Text);
            Assert.Equal(("proxy-authentication-required", 407), ((string?)problem["code"], (int?)problem["status"]));
        }

        Assert.Equal(before, fixture.Plain.Connections);
        Assert.Contains(await fixture.AuditAsync("actor=anonymous&outcome=denied&pageSize=50"), record =>
            (string?)record!["code"] == "proxy-authentication-required" && (string?)record["host"] == authority && (string?)record["method"] == "CONNECT");
    }

    [Fact]
    public async Task HostThatNothingGrantedLeadsTo_IsRefused_AndRecorded_WithNothingSent()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        await fixture.DefineAsync(fixture.SecureUrl);
        var key = await fixture.AppAsync(name);
        var before = fixture.Secure.Connections;
        foreach (var authority in new[] { "elsewhere.example:443", new Uri(fixture.SecureUrl).Authority, "127.0.0.1:1" })
        {
            var (stream, answer) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
            await using var _ = stream;
            Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
            Assert.Contains("X-Vault-Error: callout-not-granted", answer, StringComparison.Ordinal);
        }

        Assert.Equal(before, fixture.Secure.Connections);
        var record = (await fixture.AuditAsync($"actor=App&outcome=denied&pageSize=500")).Concat(await fixture.AuditAsync("outcome=denied&pageSize=500"))
            .First(record => (string?)record!["host"] == "elsewhere.example")!;
        Assert.Equal(("callout", "CONNECT", "callout-not-granted", 403), ((string?)record["action"], (string?)record["method"], (string?)record["code"], (int?)record["status"]));
    }

    [Fact]
    public async Task KeysOfPeople_OpenNoTunnel()
    {
        await fixture.DefineAsync(fixture.Plain.Url);
        var (stream, answer) = await fixture.ConnectAsync(new Uri(fixture.Plain.Url).Authority, ForwardProxyFixture.Basic(VaultFactory.AdminKey));
        await using var _ = stream;
        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AdminApi_AndCalloutsByName_ArentThere()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var key = await fixture.AppAsync(name);
        var requests = fixture.Plain.Requests.Count;
        using var own = fixture.Vault.CreateClient(null);
        foreach (var path in new[] { "/api/v1/apps", $"/callout/{name}/x", "/healthz/live", "/metrics", "/swagger/index.html", "/api/v1/forward-proxy/ca.pem", "/" })
        {
            foreach (var (credential, target) in new[]
            {
                (VaultFactory.AdminKey, path), (key, path),
                (key, $"http://127.0.0.1:{fixture.Port}{path}"), (key, $"http://127.0.0.1:{own.BaseAddress!.Port}{path}"), (key, $"http://localhost:{own.BaseAddress.Port}{path}"),
            })
            {
                var authority = target.StartsWith('/') ? $"127.0.0.1:{fixture.Port}" : new Uri(target).Authority;
                var answer = await SendAsync($"GET {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nX-Vault-Key: {credential}\r\n{ForwardProxyFixture.Basic(credential)}\r\n");
                Assert.Equal([403], answer.Statuses);
                Assert.Contains((string?)ProblemOf(answer.Text)["code"], new[] { "request-not-allowed", "callout-not-granted" });
            }
        }

        Assert.Equal(requests, fixture.Plain.Requests.Count);
    }

    [Fact]
    public async Task OwnListeners_AreNeverReached_ThoughANamedCredentialLeadsThere()
    {
        using var own = fixture.Vault.CreateClient(null);
        foreach (var port in new[] { fixture.Port, own.BaseAddress!.Port })
        {
            var name = await fixture.DefineAsync($"http://127.0.0.1:{port}");
            using var client = fixture.Client(await fixture.AppAsync(name));
            using var response = await client.GetAsync($"http://127.0.0.1:{port}/api/v1/apps");
            Assert.Equal("egress-denied", response.Headers.GetValues("X-Vault-Error").Single());
        }
    }

    [Fact]
    public async Task ARequestOfThisVaultsOwn_IsRefused()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var key = await fixture.AppAsync(name);
        using var client = fixture.Client(key);
        (await client.GetAsync(fixture.Plain.Url + "/loop")).Dispose();
        var mark = fixture.Plain.Requests[^1].Header("CDN-Loop");
        using var request = new HttpRequestMessage(HttpMethod.Get, fixture.Plain.Url + "/loop");
        request.Headers.TryAddWithoutValidation("CDN-Loop", mark);
        using var response = await client.SendAsync(request);
        Assert.Equal("egress-denied", response.Headers.GetValues("X-Vault-Error").Single());
    }

    [Theory]
    [InlineData("/a/../b")]
    [InlineData("/a/%2e%2e/b")]
    [InlineData("/a/..%2fb")]
    [InlineData("/a/%252e%252e/b")]
    [InlineData("/a\\..\\b")]
    [InlineData("/a/%zz")]
    [InlineData("/a/%ff")]
    [InlineData("/a/..;x/b")]
    [InlineData("/a/b#c")]
    public async Task Paths_AreConfined_InATunnelAndInAbsoluteForm(string path)
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var key = await fixture.AppAsync(name);
        var requests = fixture.Plain.Requests.Count;
        var authority = new Uri(fixture.Plain.Url).Authority;
        var (stream, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var tunnel = stream;
        var inside = await ForwardProxyFixture.ExchangeAsync(stream, $"GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        var absolute = await SendAsync($"GET {fixture.Plain.Url}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{ForwardProxyFixture.Basic(key)}\r\n");
        foreach (var answer in new[] { inside, absolute.Text })
        {
            Assert.True(answer.StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), answer);
        }

        Assert.Contains("X-Vault-Error: request-not-allowed", inside, StringComparison.Ordinal);
        Assert.Equal(requests, fixture.Plain.Requests.Count);
    }

    [Fact]
    public async Task HostOtherThanTheTunnels_IsMisdirected_ByBothVersions()
    {
        var (secure, plain) = (await fixture.DefineAsync(fixture.SecureUrl), await fixture.DefineAsync(fixture.Plain.Url));
        var key = await fixture.AppAsync(secure, plain);
        var authority = new Uri(fixture.SecureUrl).Authority;
        var requests = fixture.Secure.Requests.Count;
        foreach (var host in new[] { new Uri(fixture.Plain.Url).Authority, ForwardProxyFixture.Host, ForwardProxyFixture.Host + ":1", "x." + authority })
        {
            var (stream, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
            await using var tunnel = stream;
            await using var tls = await fixture.SecureAsync(stream, ForwardProxyFixture.Host, SslApplicationProtocol.Http11);
            var answer = await ForwardProxyFixture.ExchangeAsync(tls, $"GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 421 ", answer, StringComparison.Ordinal);
            Assert.Contains("X-Vault-Error: misdirected-request", answer, StringComparison.Ordinal);

            // Clients take the name in their handshake from the header, and then don't go on.
            if (!host.StartsWith(ForwardProxyFixture.Host, StringComparison.Ordinal))
            {
                continue;
            }

            using var client = fixture.Client(key, isHttp2: true);
            using var request = new HttpRequestMessage(HttpMethod.Get, fixture.SecureUrl + "/x") { Version = HttpVersion.Version20, Headers = { Host = host } };
            using var response = await client.SendAsync(request);
            Assert.Equal(421, (int)response.StatusCode);
        }

        Assert.Equal(requests, fixture.Secure.Requests.Count);

        // Upper case and absence of the scheme's own port are no other host.
        var (again, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var last = again;
        await using var inner = await fixture.SecureAsync(again, ForwardProxyFixture.Host, SslApplicationProtocol.Http11);
        Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(inner, $"GET /x HTTP/1.1\r\nHost: {authority.ToUpperInvariant()}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET http://127.0.0.1/x HTTP/1.1\r\nHost: @\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: @\r\n\r\n")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\n\r\n")]
    [InlineData("TRACE /x HTTP/1.1\r\nHost: @\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nHost: @\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: @\r\nX: a\nY: b\r\n\r\n")]
    public async Task OddHeads_InATunnel_AreRefused(string request)
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var authority = new Uri(fixture.Plain.Url).Authority;
        var requests = fixture.Plain.Requests.Count;
        var (stream, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(await fixture.AppAsync(name)));
        await using var tunnel = stream;
        var answer = await ForwardProxyFixture.ExchangeAsync(stream, request.Replace("@", authority, StringComparison.Ordinal));
        Assert.Matches("^HTTP/1.1 4(00|03|21) ", answer);
        Assert.Equal(requests, fixture.Plain.Requests.Count);
    }

    [Theory]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: other.example:443\r\n{0}\r\n")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\nHost: @\r\n{0}\r\n")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\nContent-Length: 5\r\n{0}\r\nhello")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n{0}\r\n0\r\n\r\n")]
    [InlineData("CONNECT  @ HTTP/1.1\r\nHost: @\r\n{0}\r\n")]
    [InlineData("CONNECT @ HTTP/2.0\r\nHost: @\r\n{0}\r\n")]
    [InlineData("CONNECT user@@ HTTP/1.1\r\n{0}\r\n")]
    [InlineData("CONNECT 127.0.0.1 HTTP/1.1\r\nHost: 127.0.0.1\r\n{0}\r\n")]
    [InlineData("CONNECT http://@/ HTTP/1.1\r\nHost: @\r\n{0}\r\n")]
    [InlineData("CONNECT 0x7f.1:443 HTTP/1.1\r\nHost: 0x7f.1:443\r\n{0}\r\n")]
    [InlineData("CONNECT b\u00FCcher.example:443 HTTP/1.1\r\n{0}\r\n")]
    [InlineData("CONNECT 127.0.0.1:00443 HTTP/1.1\r\n{0}\r\n")]
    [InlineData("CONNECT 127.0.0.1:4294967739 HTTP/1.1\r\n{0}\r\n")]
    [InlineData("CONNECT @ HTTP/1.1\nHost: @\n{0}\n")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\nX Y: 1\r\n{0}\r\n")]
    [InlineData("CONNECT @ HTTP/1.1\r\nHost: @\r\nX: 1\r\n  folded\r\n{0}\r\n")]
    public async Task OddConnects_OpenNothing(string request)
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var authority = new Uri(fixture.Plain.Url).Authority;
        var text = request.Replace("{0}", ForwardProxyFixture.Basic(await fixture.AppAsync(name)), StringComparison.Ordinal).Replace("user@@", "user\0" + authority, StringComparison.Ordinal)
            .Replace("@", authority, StringComparison.Ordinal).Replace("user\0", "user@", StringComparison.Ordinal);
        var answer = await SendAsync(text);
        Assert.DoesNotContain(answer.Statuses, status => status < 400);
        Assert.True(answer.IsClosed);
    }

    [Theory]
    [InlineData("127.0.0.1:00443", "127.0.0.1:00443", 403)]
    [InlineData("127.0.0.1", "127.0.0.1", 403)]
    [InlineData("127.0.0.1:00443", "127.0.0.1:443", 400)]
    [InlineData("127.0.0.1:443", "other.example:443", 400)]
    [InlineData("b\u00FCcher.example:443", "b\u00FCcher.example:443", 400)]
    public async Task OddConnect_IsAnsweredAsTheDocumentSays(string target, string host, int status)
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var answer = await SendAsync($"CONNECT {target} HTTP/1.1\r\nHost: {host}\r\n{ForwardProxyFixture.Basic(await fixture.AppAsync(name))}\r\n");
        Assert.Equal([status], answer.Statuses);
    }

    [Fact]
    public async Task Connect_BehindAnotherRequest_OpensNothing_AndWhatFollowsIsNoRequest()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url);
        var basic = ForwardProxyFixture.Basic(await fixture.AppAsync(name));
        var authority = new Uri(fixture.Plain.Url).Authority;
        var answer = await SendAsync(
            $"GET {fixture.Plain.Url}/first HTTP/1.1\r\nHost: {authority}\r\n{basic}\r\nCONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{basic}\r\nGET /second HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        Assert.Equal([200, 400], answer.Statuses);
        Assert.True(answer.IsClosed);

        var refused = await SendAsync($"CONNECT elsewhere.example:443 HTTP/1.1\r\n{basic}\r\nGET {fixture.Plain.Url}/third HTTP/1.1\r\nHost: {authority}\r\n{basic}\r\n");
        Assert.Equal([403], refused.Statuses);
        Assert.DoesNotContain(fixture.Plain.Requests, request => request.Target is "/second" or "/third");
    }
}
