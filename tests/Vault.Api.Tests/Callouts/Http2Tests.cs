using System.Net;
using System.Net.WebSockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>HTTP/2 without TLS, in and out, and gRPC over it.</summary>
public sealed class Http2Tests
{
    [Fact]
    public async Task Grpc_BothWays_WithTheAuthorization_AndTrailers()
    {
        await using var service = await EchoService.StartAsync();
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        var key = await DefineAsync(vault, service.Urls.First(), "auto");
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = new Prefix("/callout/Upstream") });
        var client = new Echo.EchoClient(channel);
        await EchoService.AssertTalksAsync(client, new Metadata { { "x-vault-key", key } }, "Bearer the-bearer-token");
    }

    [Fact]
    public async Task Grpc_ACallThatFails_FailsWithTheServicesOwnStatus()
    {
        await using var service = await EchoService.StartAsync();
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        var key = await DefineAsync(vault, service.Urls.First(), "auto");
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = new Prefix("/callout/Upstream") });

        await EchoService.AssertFailsAsync(new Echo.EchoClient(channel), new Metadata { { "x-vault-key", key } });
    }

    [Theory]
    [InlineData("auto", "HTTP/1.1")]
    [InlineData("2", "HTTP/2")]
    public async Task Http2_In_GoesOutAsConfigured(string version, string upstreamProtocol)
    {
        await using var upstream = await RecordingUpstream.StartAsync(version == "2" ? HttpProtocols.Http2 : HttpProtocols.Http1);
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        var key = await DefineAsync(vault, upstream.Url, version);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/callout/Upstream/x")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("body"),
        };
        request.Headers.Add("X-Vault-Key", key);
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(HttpVersion.Version20, response.Version);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal(upstreamProtocol, seen.Protocol);
        Assert.Equal("body", seen.Text);
    }

    [Fact]
    public async Task WebSocket_OverHttp2_IsJudgedAndFilledInAsTheGetThatGoesOn()
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http1);
        upstream.Answer = async (context, _) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        };
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        var key = await DefineAsync(
            vault, upstream.Url, "auto",
            """, "allowedRequests": [ { "methods": ["GET"], "path": "/ws" } ], "customHeaders": [ { "name": "X-Method", "value": "{!$Request.Method}" } ]""");
        using var client = new ClientWebSocket();
        client.Options.HttpVersion = HttpVersion.Version20;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        client.Options.SetRequestHeader("X-Vault-Key", key);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/callout/Upstream/ws"), invoker, CancellationToken.None);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal(("GET", "GET"), (seen.Method, seen.Header("X-Method")));
        var record = (await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout"))!["items"]![0]!;
        Assert.Equal("GET", (string?)record["method"]);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    public async Task AnswerThatBreaksOff_IsToldAsBroken(string bytes)
    {
        // CANCEL means to some clients that there is no more.
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(bytes);
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        var broken = await ReadAsync(await DefineAsync(vault, upstream.Url, "auto"), port);
        Assert.Equal(2, Assert.IsType<HttpProtocolException>(broken.InnerException ?? broken).ErrorCode);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 502)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 502)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 502)]
    [InlineData("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello", 403)]
    public async Task WebSocket_OverHttp2_StandsOnlyWhereUpstreamSwitches(string bytes, int status)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(bytes, close: false);
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Connect, $"http://127.0.0.1:{port}/callout/Upstream/ws") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Protocol = "websocket";
        request.Headers.Add("X-Vault-Key", await DefineAsync(vault, upstream.Url, "auto"));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 502, response.Headers.TryGetValues("X-Vault-Error", out var codes) && codes.Single() == "upstream-unreachable");
        Assert.True(response.Headers.Contains("X-Vault-Request-Id"));
    }

    [Fact]
    public async Task Trailers_ComeBackAsTheyAre_AndCookiesLikeThoseOfTheHead()
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        upstream.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("body");
            var trailers = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()!.Trailers;
            trailers["x-empty"] = "";
            trailers["x-two"] = new[] { "a", "b" };
            trailers["set-cookie"] = "a=b; Domain=z; Path=/p";
        };
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
        using var request = Request(await DefineAsync(vault, upstream.Url, "2"), port);
        using var response = await client.SendAsync(request);
        Assert.Equal("body", await response.Content.ReadAsStringAsync());
        var trailers = response.TrailingHeaders.NonValidated.ToDictionary(trailer => trailer.Key, trailer => trailer.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Assert.Equal(("", "a, b", "a=b; Path=/callout/Upstream/p"), (trailers["x-empty"], trailers["x-two"], trailers["set-cookie"]));
    }

    [Fact]
    public async Task Trailers_ThatSayHowToReadAMessage_AreLeftOut()
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        upstream.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("body");
            var trailers = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()!.Trailers;
            (trailers["x-t"], trailers["content-type"], trailers["content-encoding"], trailers["content-range"]) = ("kept", "text/html", "gzip", "bytes 0-4/5");
        };
        var port = FreePort.Find();
        await using var vault = new VaultFactory(http2Port: port);

        // Frame by frame: HttpClient itself drops such trailers.
        var key = await DefineAsync(vault, upstream.Url, "2");
        using var started = vault.CreateClient(key);
        await using var client = await RawHttp2Client.ConnectAsync(port);
        await client.WriteAsync(RawHttp2Client.FrameOf(
            1, 5, 1, RawHttp2Client.Block((":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Upstream/x"), ("x-vault-key", key))));
        var frames = await client.ReadUntilAsync(static frame => frame.Stream == 1 && (frame.Flags & 1) == 1);
        var last = System.Text.Encoding.Latin1.GetString(frames[^1].Payload);
        Assert.Contains("kept", last, StringComparison.Ordinal);
        Assert.All(["text/html", "gzip", "bytes 0-4/5"], value => Assert.DoesNotContain(value, last, StringComparison.Ordinal));
    }

    [Fact]
    public async Task EmptyErrorOfAnUpstream_StaysItsOwn()
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        upstream.Answer = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient(await DefineAsync(vault, upstream.Url, "2"));
        using var response = await client.GetAsync("/callout/Upstream/x");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False(response.Headers.Contains("X-Vault-Error"));
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    private static HttpRequestMessage Request(string key, int port) => new(HttpMethod.Get, $"http://127.0.0.1:{port}/callout/Upstream/x")
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Headers = { { "X-Vault-Key", key } },
    };

    private static async Task<Exception> ReadAsync(string key, int port)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = Request(key, port);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
    }

    private static async Task<string> DefineAsync(VaultFactory vault, string url, string version, string settings = "")
    {
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Upstream", "url": "{{url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" }, "httpVersion": "{{version}}"{{settings}} }
            """);
        return await vault.CreateAppAsync("App", "Upstream");
    }

    /// <summary>gRPC clients know no base path; the callout's prefix is put before theirs.</summary>
    private sealed class Prefix(string path) : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new UriBuilder(request.RequestUri!) { Path = path + request.RequestUri!.AbsolutePath }.Uri;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
