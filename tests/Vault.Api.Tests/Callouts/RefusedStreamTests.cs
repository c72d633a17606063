using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>An HTTP/2 service that says of a stream that it didn't look at it (RFC 9113 section 8.7): HttpClient sends the request once more, and its body has to be all of it.</summary>
public sealed class RefusedStreamTests : IAsyncLifetime
{
    private const int RefusedStream = 7;
    private readonly VaultFactory _vault = new();
    private RecordingUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http2);

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(27, true, 1, "")]
    [InlineData(27, false, 1, "")]
    [InlineData(300_000, false, 2, "")]
    [InlineData(300_000, true, 2, ", \"maxRequestBytes\": 300000")]
    [InlineData(27, false, 1, ", \"allowMergeFieldsInBody\": true")]
    public async Task Body_ThatWasRefused_ComesWholeTheNextTime(int length, bool isChunked, int refusals, string settings)
    {
        RefuseFirst(refusals);
        var body = Body(length);
        using var response = await SendAsync(body, isChunked, settings);
        Assert.Equal((HttpStatusCode.OK, "ok"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(Enumerable.Repeat(body, refusals + 1), _upstream.Requests.Select(request => request.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"allowMergeFieldsInBody\": true")]
    public async Task Body_ThatWasntKept_IsNeverSentInPart(string settings)
    {
        RefuseFirst(1);
        var body = Body((1024 * 1024) + 1);
        using var response = await SendAsync(body, isChunked: true, settings);
        Assert.Equal((HttpStatusCode.BadGateway, "upstream-unreachable"), (response.StatusCode, response.Headers.GetValues("X-Vault-Error").Single()));
        Assert.Equal([body], _upstream.Requests.Select(request => request.Text));
    }

    [Fact]
    public async Task Conversation_ThatWasRefusedInItsMidst_GoesOn()
    {
        // The caller's next piece comes once the service has seen the first one, the second time.
        var sent = new ConcurrentQueue<string>();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _upstream.ReadBody = false;
        _upstream.Answer = async (context, _) =>
        {
            var first = new byte[5];
            await context.Request.Body.ReadExactlyAsync(first, context.RequestAborted);
            sent.Enqueue(Encoding.ASCII.GetString(first));
            if (sent.Count == 1)
            {
                context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(RefusedStream);
                return;
            }

            heard.SetResult();
            sent.Enqueue(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted));
            await context.Response.WriteAsync("ok");
        };
        using var response = await SendAsync(new PiecesContent("first", heard.Task, "second"), "");
        Assert.Equal("ok", await response.Content.ReadAsStringAsync());
        Assert.Equal(["first", "first", "second"], sent);
    }

    private static string Body(int length) => string.Concat(Enumerable.Range(0, length).Select(place => (char)('a' + (place % 26))));

    private void RefuseFirst(int refusals) => _upstream.Answer = async (context, _) =>
    {
        if (_upstream.Requests.Count <= refusals)
        {
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(RefusedStream);
            return;
        }

        await context.Response.WriteAsync("ok");
    };

    private Task<HttpResponseMessage> SendAsync(string body, bool isChunked, string settings) =>
        SendAsync(isChunked ? new PiecesContent(body, Task.CompletedTask, "") : new StringContent(body), settings);

    private async Task<HttpResponseMessage> SendAsync(HttpContent content, string settings)
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Upstream", "url": "{{_upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" }, "httpVersion": "2"{{settings}} }
            """);
        using var client = _vault.CreateClient(await _vault.CreateAppAsync("App", "Upstream"));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        return await client.PostAsync("/callout/Upstream/x", content);
    }

    /// <summary>Two pieces, of no length that is told ahead; the second once it may come.</summary>
    private sealed class PiecesContent(string first, Task mayGoOn, string second) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(first));
            await stream.FlushAsync();
            await mayGoOn;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(second));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
