using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Grpc.Core;
using Grpc.Net.Client;
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
        var port = FreePort();
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
        var port = FreePort();
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
        var port = FreePort();
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
        var port = FreePort();
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

    private static async Task<string> DefineAsync(VaultFactory vault, string url, string version, string settings = "")
    {
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Upstream", "url": "{{url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" }, "httpVersion": "{{version}}"{{settings}} }
            """);
        return await vault.CreateAppAsync("App", "Upstream");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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
