using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>What an app sees that knows nothing but <c>HTTPS_PROXY</c> and whom to trust.</summary>
public sealed class ForwardProxyTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Https_ThroughTheProxy_GetsItsSecret_ByBothVersions(bool isHttp2)
    {
        var name = await fixture.DefineAsync(fixture.SecureUrl + "/both" + isHttp2);
        using var client = fixture.Client(await fixture.AppAsync(name), isHttp2: isHttp2);
        using var content = new StringContent("{}", new MediaTypeHeaderValue("application/json"));
        using var response = await client.PostAsync($"{fixture.SecureUrl}/both{isHttp2}/record%2F1?q=%20x", content);
        Assert.Equal("ok", await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11, response.Version);
        var received = fixture.Secure.Requests.Single(request => request.Target.StartsWith("/both" + isHttp2, StringComparison.Ordinal));
        Assert.Equal($"/both{isHttp2}/record%2F1?q=%20x", received.Target);
        Assert.Equal("Bearer " + ForwardProxyFixture.Secret + name, received.Header("Authorization"));
        Assert.Equal("{}", received.Text);
        Assert.Null(received.Header("Proxy-Authorization"));
        Assert.Equal(new Uri(fixture.SecureUrl).Authority, received.Header("Host") ?? received.Header(":authority"));
    }

    [Fact]
    public async Task PlainHttp_InAbsoluteForm_GetsItsSecret()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/absolute");
        using var client = fixture.Client(await fixture.AppAsync(name));
        using var response = await client.GetAsync(fixture.Plain.Url + "/absolute/a//b?x=1");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var received = fixture.Plain.Requests.Single(request => request.Target.StartsWith("/absolute", StringComparison.Ordinal));
        Assert.Equal("/absolute/a//b?x=1", received.Target);
        Assert.Equal("Bearer " + ForwardProxyFixture.Secret + name, received.Header("Authorization"));
    }

    [Fact]
    public async Task WhatIsAskedOfOneHost_GoesToNoOther_WhileTheNamedCredentialMoves()
    {
        await using var other = await RecordingUpstream.StartAsync();
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/moving");
        using var client = fixture.Client(await fixture.AppAsync(name));
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                using var response = await client.GetAsync(fixture.Plain.Url + "/moving/x");
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Forbidden, await response.Content.ReadAsStringAsync());
            }
        })).ToArray();
        for (var turn = 0; turn < 30; turn++)
        {
            await fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + name, $$"""
                { "url": "{{(turn % 2 == 0 ? other : fixture.Plain).Url}}/moving", "authentication": { "protocol": "bearer", "token": "{{ForwardProxyFixture.Secret}}{{name}}" } }
                """);
        }

        await over.CancelAsync();
        await Task.WhenAll(callers);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task AllowedHosts_AreTheVaultsOwn_AndNotThoseOfServices()
    {
        var port = FreePort.Find();
        await using var vault = fixture.Start(port, settings: [("AllowedHosts", "127.0.0.1;localhost")]);
        var url = $"http://{ForwardProxyFixture.Host}:{new Uri(fixture.Plain.Url).Port}";
        var name = await fixture.DefineAsync(url + "/hosts", vault: vault);
        var key = await vault.CreateAppAsync("App" + name, name);

        using var client = fixture.Client(key, port);
        using var response = await client.GetAsync(url + "/hosts/absolute");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var authority = new Uri(url).Authority;
        var (tunnel, answer) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key), port);
        await using var _ = tunnel;
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(tunnel, $"GET /hosts/tunnelled HTTP/1.1\r\nHost: {authority}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(2, fixture.Plain.Requests.Count(request => request.Target.StartsWith("/hosts", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task PlainHttp_InsideOfATunnel_GetsItsSecret()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/tunnelled");
        var authority = new Uri(fixture.Plain.Url).Authority;
        var (stream, answer) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(await fixture.AppAsync(name)));
        await using var _ = stream;
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(stream, $"GET /tunnelled/x HTTP/1.1\r\nHost: {authority}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal("Bearer " + ForwardProxyFixture.Secret + name, fixture.Plain.Requests.Single(request => request.Target == "/tunnelled/x").Header("Authorization"));
    }

    [Fact]
    public async Task LongestUrl_AmongThoseGranted_IsUsed_CutAtSegments()
    {
        var url = fixture.Plain.Url + "/longest";
        var (root, api, deeper, other) = (await fixture.DefineAsync(url), await fixture.DefineAsync(url + "/api"), await fixture.DefineAsync(url + "/api/v2/"), await fixture.DefineAsync(url + "/api/secret"));
        var fields = await fixture.DefineAsync(url + "/{!$Credential.Token}");
        using var client = fixture.Client(await fixture.AppAsync(root, api, deeper, fields));
        foreach (var (path, expected) in new[]
        {
            ("", root), ("/", root), ("/apix", root), ("/api%2Fv2/x", root), ("/API/x", root), ("/%61pi/x", root),
            ("/api", api), ("/api/", api), ("/api?x", api), ("/api/v2", api), ("/api/v22", api),
            ("/api/v2/", deeper), ("/api/v2/x/y", deeper),

            // Another app's: here it isn't there.
            ("/api/secret/x", api),
        })
        {
            var target = new Uri(url + path).PathAndQuery;
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            using var response = await client.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            var received = fixture.Plain.Requests[^1];
            Assert.Equal("Bearer " + ForwardProxyFixture.Secret + expected, received.Header("Authorization"));
            Assert.Equal(new Uri(url).AbsolutePath + path, received.Target);
        }

        using var refused = await client.GetAsync(fixture.Plain.Url + "/longes");
        Assert.Equal("callout-not-granted", refused.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.NotEqual(root, other);
    }

    [Fact]
    public async Task Audit_IsThatOfACalloutByName()
    {
        var name = await fixture.DefineAsync(fixture.SecureUrl + "/audited");
        var key = await fixture.AppAsync(name);
        using var proxied = fixture.Client(key);
        using var direct = fixture.Vault.CreateClient(key);
        (await proxied.GetAsync(fixture.SecureUrl + "/audited/one/2?secret=no")).Dispose();
        (await direct.GetAsync($"/callout/{name}/one/2?secret=no")).Dispose();
        var records = await fixture.EndedAsync($"target={name}&action=callout", count: 2);
        var (one, two) = (records[0]!.AsObject(), records[1]!.AsObject());
        Assert.Equal("/one/2", (string?)one["path"]);
        Assert.Equal(new Uri(fixture.SecureUrl).Authority, (string?)one["host"]);
        foreach (var property in one.Select(property => property.Key).Except(["id", "sequence", "at", "durationMs"]))
        {
            Assert.Equal(two[property]?.ToJsonString(), one[property]?.ToJsonString());
        }
    }

    [Fact]
    public async Task Answers_AreTreatedAsInACallout_ButCookiesStayTheServices()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/answers");
        using var client = fixture.Client(await fixture.AppAsync(name));
        fixture.Plain.Answer = async (context, request) =>
        {
            context.Response.Headers.SetCookie = "id=1; Domain=service.example; Path=/answers; HttpOnly";
            context.Response.Headers["X-Vault-Spoofed"] = "1";
            context.Response.Headers["X-Echo"] = request.Header("Authorization");
            await context.Response.WriteAsync($"echo {request.Header("Authorization")}");
        };
        try
        {
            using var response = await client.GetAsync(fixture.Plain.Url + "/answers/x");
            var text = await response.Content.ReadAsStringAsync();
            Assert.Equal("id=1; Domain=service.example; Path=/answers; HttpOnly", response.Headers.GetValues("Set-Cookie").Single());
            Assert.False(response.Headers.Contains("X-Vault-Spoofed"));
            Assert.Equal("echo " + new string('*', ("Bearer " + ForwardProxyFixture.Secret + name).Length), text);
            SecretForms.AssertAbsent(text + response.Headers, "an answer through the forward proxy", ForwardProxyFixture.Secret);
        }
        finally
        {
            fixture.Plain.Answer = (context, _) => context.Response.WriteAsync("ok");
        }
    }

    [Fact]
    public async Task Placeholder_InAnSdksOwnHeader_IsFilledIn()
    {
        var name = await fixture.DefineAsync(fixture.SecureUrl + "/sdk", new JsonObject { ["allowMergeFieldsInHeader"] = true, ["generateAuthorizationHeader"] = false });
        using var client = fixture.Client(await fixture.AppAsync(name));
        using var request = new HttpRequestMessage(HttpMethod.Get, fixture.SecureUrl + "/sdk/models");
        request.Headers.TryAddWithoutValidation("x-api-key", "{!$Credential.Token}");
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ForwardProxyFixture.Secret + name, fixture.Secure.Requests.Single(seen => seen.Target == "/sdk/models").Header("x-api-key"));
    }

    [Fact]
    public async Task WebSocket_InsideOfATunnel_Works()
    {
        var name = await fixture.DefineAsync(fixture.SecureUrl + "/socket");
        var key = await fixture.AppAsync(name);
        fixture.Secure.Answer = async (context, _) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var read = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            await socket.SendAsync(buffer.AsMemory(0, read.Count), WebSocketMessageType.Text, true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        };
        try
        {
            using var socket = new ClientWebSocket();
            socket.Options.Proxy = new WebProxy(fixture.Proxy) { Credentials = new NetworkCredential("any", key) };
            socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateChainErrors && certificate!.Issuer == fixture.Authority.Subject;
            await socket.ConnectAsync(new Uri(fixture.SecureUrl.Replace("https", "wss", StringComparison.Ordinal) + "/socket/x"), CancellationToken.None);
            await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, CancellationToken.None);
            var buffer = new byte[100];
            var read = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, read.Count));
            Assert.Equal("Bearer " + ForwardProxyFixture.Secret + name, fixture.Secure.Requests.Single(request => request.Target == "/socket/x").Header("Authorization"));
        }
        finally
        {
            fixture.Secure.Answer = (context, _) => context.Response.WriteAsync("ok");
        }
    }

    [Fact]
    public async Task RateLimit_AndDisabled_AnswerAsInACallout()
    {
        var limited = await fixture.DefineAsync(fixture.Plain.Url + "/limited", new JsonObject { ["rateLimit"] = new JsonObject { ["permits"] = 1, ["perSeconds"] = 3600 } });
        var disabled = await fixture.DefineAsync(fixture.Plain.Url + "/disabled", new JsonObject { ["enabled"] = false });
        var key = await fixture.AppAsync(limited, disabled);
        using var proxied = fixture.Client(key);
        using var direct = fixture.Vault.CreateClient(key);
        (await direct.GetAsync($"/callout/{limited}/x")).EnsureSuccessStatusCode().Dispose();
        foreach (var (path, status, code) in new[] { ("/limited/x", 429, "rate-limited"), ("/disabled/x", 403, "named-credential-disabled") })
        {
            using var response = await proxied.GetAsync(fixture.Plain.Url + path);
            Assert.Equal(status, (int)response.StatusCode);
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            Assert.Equal(code, (string?)problem["code"]);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }
}
