using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Upstreams that answer by the head of an upload and close: what the caller gets is that answer (RFC 9112 section 9.6).</summary>
public sealed class EarlyAnswerTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const int InternalError = 2;

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(900_000, false)]
    [InlineData(3_000_000, false)]
    [InlineData(20_000_000, false)]
    [InlineData(900_000, true)]
    [InlineData(20_000_000, true)]
    public async Task AnswerBeforeTheBody_ComesBack(int size, bool isTls)
    {
        using var certificate = isTls ? TestCertificates.SelfSign("127.0.0.1") : null;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var refusing = RefuseAsync(listener, certificate);
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", JsonSerializer.Serialize(new
        {
            name,
            url = $"{(isTls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            authentication = new { protocol = "bearer", token = "the-bearer-token" },
            serverCertificates = certificate?.ExportCertificatePem(),
        }));
        var callout = new TestCallout(fixture, name, "", fixture.Vault.CreateClient(await fixture.Vault.CreateAppAsync("App" + name, name)));
        for (var turn = 0; turn < 5; turn++)
        {
            using var response = await callout.SendAsync(HttpMethod.Post, "/upload", new string('x', size), "text/plain");
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "big"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        }

        listener.Stop();
        await refusing;
    }

    /// <summary>Over HTTP/2 the answer doesn't end the connection: what the caller still sends is read, and belongs to no other request.</summary>
    [Theory]
    [InlineData(true, "returns", 413)]
    [InlineData(false, "returns", 413)]
    [InlineData(true, "reads on", 413)]
    [InlineData(false, "reads on", 413)]
    [InlineData(true, "resets", 502)]
    [InlineData(false, "resets", 502)]
    public async Task Http2AnswerBeforeTheBody_ComesBack_AndTheConnectionGoesOn(bool isChunked, string way, int status)
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.ReadBody = false;
        upstream.Answer = async (context, request) =>
        {
            if (request.Method == "GET")
            {
                await context.Response.WriteAsync("next");
                return;
            }

            if (way == "resets")
            {
                context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(InternalError);
                return;
            }

            context.Response.StatusCode = status;
            await context.Response.WriteAsync("big");
            if (way == "reads on")
            {
                await context.Response.CompleteAsync();
                await Assert.ThrowsAnyAsync<Exception>(() => context.Request.Body.CopyToAsync(Stream.Null));
                ended.SetResult();
            }
        };
        var callout = await CreateAsync(upstream.Url, "\"protocol\": \"bearer\", \"token\": \"the-bearer-token\"");
        using var caller = await UploadingCaller.BeginAsync(callout, isChunked);
        await caller.ReadAsync(static text => text.EndsWith("0\r\n\r\n", StringComparison.Ordinal) || text.EndsWith('}'));
        if (way == "reads on")
        {
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }

        await caller.EndAsync($"GET /callout/{callout.Name}/next HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {callout.Key}\r\nConnection: close\r\n\r\n");
        var answer = await caller.ReadAsync(static _ => false);
        Assert.Equal([status, 200], answer.Statuses);
        Assert.Equal("next", answer.Body);
        Assert.DoesNotContain(fixture.Vault.Logs.Lines, static line => line.Contains("already in progress", StringComparison.Ordinal));
    }

    /// <summary>Who challenges before the body has come gets all of it the second time, whoever reads it until then.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Http2ChallengeBeforeTheBody_IsAnsweredWithAllOfIt(bool isChunked, bool readsOn)
    {
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);
        var challenged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.ReadBody = false;
        upstream.Answer = async (context, request) =>
        {
            if (request.Header("Authorization") is not null)
            {
                await context.Request.Body.CopyToAsync(context.Response.Body);
                return;
            }

            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            await context.Response.CompleteAsync();
            challenged.SetResult();
            if (readsOn)
            {
                await Record.ExceptionAsync(() => context.Request.Body.CopyToAsync(Stream.Null));
            }
        };
        var callout = await CreateAsync(upstream.Url, "\"protocol\": \"digest\", \"username\": \"u\", \"password\": \"the-password\"");
        using var caller = await UploadingCaller.BeginAsync(callout, isChunked);
        await challenged.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await caller.EndAsync("");
        var answer = await caller.ReadAsync(static text => text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        Assert.Equal([200], answer.Statuses);
        Assert.Equal("0123456789", answer.Body);
    }

    private async Task<TestCallout> CreateAsync(string url, string authentication)
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{url}}", "authentication": { {{authentication}} }, "httpVersion": "2" }
            """);
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        return new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
    }

    private static async Task RefuseAsync(TcpListener listener, X509Certificate2? certificate)
    {
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                await using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                if (stream is SslStream tls)
                {
                    await tls.AuthenticateAsServerAsync(certificate!);
                }

                // The rest of the body is never read: the system resets the connection.
                var head = new StringBuilder();
                var buffer = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) > 0)
                {
                    head.Append((char)buffer[0]);
                }

                await stream.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"u8.ToArray());
            }
            catch (SocketException)
            {
                return;
            }
        }
    }

    /// <summary>A caller over HTTP/1.1 that has sent half of its body, and sends the rest when it is told to.</summary>
    private sealed class UploadingCaller : IDisposable
    {
        private readonly TcpClient _client = new() { NoDelay = true };
        private readonly StringBuilder _text = new();
        private bool _isChunked;

        public static async Task<UploadingCaller> BeginAsync(TestCallout callout, bool isChunked)
        {
            var caller = new UploadingCaller { _isChunked = isChunked };
            await caller._client.ConnectAsync(callout.Client.BaseAddress!.Host, callout.Client.BaseAddress.Port);
            await caller.WriteAsync(
                $"POST /callout/{callout.Name}/upload HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {callout.Key}\r\nContent-Type: text/plain\r\n"
                + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n" : "Content-Length: 10\r\n\r\n01234"));
            return caller;
        }

        public Task EndAsync(string next) => WriteAsync((_isChunked ? "5\r\n56789\r\n0\r\n\r\n" : "56789") + next);

        /// <summary>All that came so far, once it is enough, or the vault has closed the connection.</summary>
        public async Task<RawClient.RawAnswer> ReadAsync(Func<string, bool> isEnough)
        {
            using var time = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var buffer = new byte[16 * 1024];
            while (!isEnough(_text.ToString()))
            {
                var count = await _client.GetStream().ReadAsync(buffer, time.Token);
                if (count == 0)
                {
                    return new RawClient.RawAnswer(_text.ToString(), IsClosed: true);
                }

                _text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }

            return new RawClient.RawAnswer(_text.ToString(), IsClosed: false);
        }

        public void Dispose() => _client.Dispose();

        private Task WriteAsync(string text) => _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();
    }
}
