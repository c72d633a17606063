using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class StreamingTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Bearer = """{ "protocol": "bearer", "token": "the-bearer-token" }""";

    [Fact]
    public async Task ServerSentEvents_ComeOneByOne()
    {
        var callout = await fixture.CreateAsync(Bearer);
        using var next = new SemaphoreSlim(0);
        fixture.Upstream.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 3; i++)
            {
                await next.WaitAsync(TimeSpan.FromSeconds(20));
                await context.Response.WriteAsync($"data: {i}\n\n");
                await context.Response.Body.FlushAsync();
            }
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/callout/{callout.Name}/events");
            next.Release();
            using var response = await callout.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal($"data: {i}", await reader.ReadLineAsync());
                Assert.Equal("", await reader.ReadLineAsync());
                next.Release();
            }

            Assert.Null(await reader.ReadLineAsync());
        }
        finally
        {
            Reset();
        }
    }

    [Fact]
    public async Task Head_ComesBeforeTheBody()
    {
        var callout = await fixture.CreateAsync(Bearer);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Upstream.Answer = async (context, _) =>
        {
            context.Response.Headers["X-Early"] = "1";
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.WriteAsync("late");
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/callout/{callout.Name}/x");
            using var response = await callout.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.Headers.Contains("X-Early"));
            release.SetResult();
            Assert.Equal("late", await response.Content.ReadAsStringAsync());
        }
        finally
        {
            Reset();
        }
    }

    [Theory]
    [InlineData("POST", 200)]
    [InlineData("CONNECT", 403)]
    [InlineData("get", 403)]
    public async Task Upgrade_OfAnotherMethodThanGet_IsNone(string method, int status)
    {
        Reset();
        var callout = await fixture.CreateAsync(Bearer, """ "allowedRequests": [ { "methods": ["POST", "CONNECT", "get"], "path": "/**" } ] """);
        var before = fixture.Upstream.Requests.Count;
        var address = callout.Client.BaseAddress!;
        var answer = await RawClient.SendAsync(
            address, null,
            $"{method} /callout/{callout.Name}/x HTTP/1.1\r\nHost: {address.Authority}\r\nX-Vault-Key: {callout.Key}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer.Text, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? [method] : [], fixture.Upstream.Requests.Skip(before).Select(request => request.Method));
    }

    [Theory]
    [InlineData(Bearer, "Bearer the-bearer-token hello")]
    [InlineData("""{ "protocol": "digest", "username": "user", "password": "the-password" }""", "Digest username=\"user\"")]
    public async Task WebSocket_IsUpgraded_WithTheAuthorization(string authentication, string expected)
    {
        var callout = await fixture.CreateAsync(authentication);
        fixture.Upstream.Answer = async (context, request) =>
        {
            if (request.Header("Authorization") is null)
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
                return;
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[1024];
            var message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            var text = context.Request.Headers.Authorization + " " + Encoding.UTF8.GetString(buffer, 0, message.Count);
            await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        };
        try
        {
            using var client = new ClientWebSocket();
            client.Options.SetRequestHeader("X-Vault-Key", callout.Key);
            var address = new UriBuilder(callout.Client.BaseAddress!) { Scheme = "ws", Path = $"/callout/{callout.Name}/socket" }.Uri;
            await client.ConnectAsync(address, CancellationToken.None);
            await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
            var buffer = new byte[1024];
            var message = await client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            Assert.StartsWith(expected, Encoding.UTF8.GetString(buffer, 0, message.Count), StringComparison.Ordinal);
        }
        finally
        {
            Reset();
        }
    }

    [Theory]
    [InlineData("/grants/{0}")]
    [InlineData("")]
    public async Task WebSocket_EndsWithWhatItWasLetInBy(string withdrawn)
    {
        var callout = await fixture.CreateAsync(Bearer);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Upstream.Answer = async (context, _) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await using var gone = context.RequestAborted.Register(() => ended.TrySetResult());
            await ended.Task;
        };
        try
        {
            using var client = new ClientWebSocket();
            client.Options.SetRequestHeader("X-Vault-Key", callout.Key);
            await client.ConnectAsync(new UriBuilder(callout.Client.BaseAddress!) { Scheme = "ws", Path = $"/callout/{callout.Name}/socket" }.Uri, CancellationToken.None);
            var next = client.ReceiveAsync(new byte[16].AsMemory(), CancellationToken.None).AsTask();
            await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/App{callout.Name}" + string.Format(System.Globalization.CultureInfo.InvariantCulture, withdrawn, callout.Name));
            await Assert.ThrowsAsync<WebSocketException>(() => next.WaitAsync(TimeSpan.FromSeconds(30)));
        }
        finally
        {
            ended.TrySetResult();
            Reset();
        }
    }

    [Fact]
    public async Task CallerGoesAway_UpstreamIsTold()
    {
        var callout = await fixture.CreateAsync(Bearer);
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Upstream.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(() => aborted.TrySetResult());
            arrived.SetResult();
            await aborted.Task;
        };
        try
        {
            using var cancellation = new CancellationTokenSource();
            var call = callout.Client.GetAsync($"/callout/{callout.Name}/x", cancellation.Token);
            await arrived.Task;
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
        finally
        {
            Reset();
        }
    }

    [Fact]
    public async Task NoAnswer_ForTimeoutSeconds_IsATimeout()
    {
        var callout = await fixture.CreateAsync(Bearer, "\"timeoutSeconds\": 1");
        fixture.Upstream.Answer = (context, _) => StallAsync(context);
        try
        {
            var watch = Stopwatch.StartNew();
            using var response = await callout.SendAsync(HttpMethod.Get, "/x");
            Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
            Assert.Equal("upstream-timeout", Assert.Single(response.Headers.GetValues("X-Vault-Error")));
            Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 15);
        }
        finally
        {
            Reset();
        }
    }

    [Fact]
    public async Task ConversationThatFallsSilent_IsAborted_WhoeverSpokeLast()
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.ReadBody = false;
        upstream.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("begin of an answer");
            await context.Response.Body.FlushAsync();
            await context.Request.Body.ReadExactlyAsync(new byte[10]);
            heard.SetResult();
            await StallAsync(context);
        };
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "httpVersion": "2", "timeoutSeconds": 5, "authentication": {{Bearer}} }
            """);
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        using var client = new TcpClient() { NoDelay = true };
        await client.ConnectAsync(fixture.Vault.AdminClient.BaseAddress!.Host, fixture.Vault.AdminClient.BaseAddress.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"POST /callout/{name}/x HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {key}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n"));
        var text = new StringBuilder();
        await ReadAsync(static text => text.Contains("begin", StringComparison.Ordinal));
        Assert.Contains("begin", text.ToString(), StringComparison.Ordinal);
        await stream.WriteAsync("5\r\n56789\r\n"u8.ToArray());
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var watch = Stopwatch.StartNew();
        await ReadAsync(static _ => false);
        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 25);

        async Task ReadAsync(Func<string, bool> isEnough)
        {
            using var time = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var buffer = new byte[1024];
            while (!isEnough(text.ToString()))
            {
                var count = 0;
                try
                {
                    count = await stream.ReadAsync(buffer, time.Token);
                }
                catch (IOException)
                {
                    // Reset, which is an end as well.
                }

                if (count == 0)
                {
                    return;
                }

                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
    }

    [Fact]
    public async Task AnswerThatStalls_IsAborted()
    {
        var callout = await fixture.CreateAsync(Bearer, "\"timeoutSeconds\": 1");
        fixture.Upstream.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("begin");
            await context.Response.Body.FlushAsync();
            await StallAsync(context);
        };
        try
        {
            var watch = Stopwatch.StartNew();
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/callout/{callout.Name}/x");
            using var response = await callout.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
            Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 15);
        }
        finally
        {
            Reset();
        }
    }

    [Fact]
    public async Task Echo_OfTheToken_IsMasked_AlsoInGzip()
    {
        var callout = await fixture.CreateAsync(Bearer);
        fixture.Upstream.Answer = async (context, request) =>
        {
            context.Response.Headers["X-Echo"] = request.Header("Authorization");
            if (context.Request.Path == "/gzip")
            {
                context.Response.Headers.ContentEncoding = "gzip";
                await using var gzip = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
                await gzip.WriteAsync(Encoding.UTF8.GetBytes("echo " + request.Header("Authorization")));
                return;
            }

            await context.Response.WriteAsync("echo " + request.Header("Authorization") + " " + Convert.ToBase64String("xthe-bearer-token"u8));
        };
        try
        {
            foreach (var path in new[] { "/plain", "/gzip" })
            {
                using var response = await callout.SendAsync(HttpMethod.Get, path);
                var text = await response.Content.ReadAsStringAsync();
                Assert.StartsWith("echo Bearer ****************", text.Replace("echo *******", "echo Bearer ", StringComparison.Ordinal), StringComparison.Ordinal);
                Assert.DoesNotContain("the-bearer-token", text + response.Headers, StringComparison.Ordinal);
                Assert.Empty(response.Content.Headers.ContentEncoding);
                if (path == "/plain")
                {
                    Assert.Equal(("echo Bearer the-bearer-token " + Convert.ToBase64String("xthe-bearer-token"u8)).Length, text.Length);
                    Assert.Equal("identity", fixture.Upstream.Requests[^1].Header("Accept-Encoding"));
                }
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Does nothing until the vault gives up.</summary>
    private static async Task StallAsync(HttpContext context)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (context.RequestAborted.Register(() => gone.TrySetResult()))
        {
            await gone.Task;
        }
    }

    private void Reset()
    {
        fixture.Upstream.ReadBody = true;
        fixture.Upstream.Answer = (context, _) => context.Response.WriteAsync("ok");
    }
}
