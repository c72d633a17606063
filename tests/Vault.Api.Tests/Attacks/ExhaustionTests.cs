using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Callers and upstreams that want the vault to run out of time, memory or connections.</summary>
public sealed class ExhaustionTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    [Fact]
    public void Limits_OfTheServer_AreSet()
    {
        var kestrel = fixture.Vault.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        Assert.False(kestrel.AddServerHeader);
        Assert.False(kestrel.AllowSynchronousIO);
        Assert.False(kestrel.AllowHostHeaderOverride);
        Assert.False(kestrel.AllowAlternateSchemes);
        Assert.InRange(kestrel.Limits.RequestHeadersTimeout.TotalSeconds, 1, 15);
        Assert.InRange(kestrel.Limits.MaxRequestLineSize, 1, 16 * 1024);
        Assert.InRange(kestrel.Limits.MaxRequestHeadersTotalSize, 1, 64 * 1024);
        Assert.InRange(kestrel.Limits.MaxRequestHeaderCount, 1, 200);
        Assert.InRange(kestrel.Limits.MaxConcurrentConnections ?? long.MaxValue, 1, 100_000);
        Assert.InRange(kestrel.Limits.MaxConcurrentUpgradedConnections ?? long.MaxValue, 1, 100_000);
        Assert.InRange(kestrel.Limits.Http2.MaxStreamsPerConnection, 1, 100);
        Assert.NotNull(kestrel.Limits.MinRequestBodyDataRate);
        Assert.NotNull(kestrel.Limits.MaxRequestBodySize);
    }

    /// <summary>The same server with a shorter patience, so that the test needn't have the real one.</summary>
    [Fact]
    public async Task Slowloris_HeadAndBody_AreEnded()
    {
        await using var vault = new VaultFactory(services: services => services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(100, TimeSpan.FromSeconds(2));
        }));
        using var client = vault.CreateClient((string?)null);
        var address = client.BaseAddress!;
        var head = await RawClient.SendAsync(address, null, "GET /api/v1/apps HTTP/1.1\r\nHost: h\r\nX-A");
        Assert.True(head.IsClosed);
        Assert.True(head.Statuses is [408] or [], head.Text);

        var body = await RawClient.SendAsync(
            address, null, $"POST /api/v1/apps HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {VaultFactory.AdminKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{");
        Assert.True(body.IsClosed);
        Assert.True(body.Statuses is [400] or [408] or [], body.Text);
    }

    [Fact]
    public async Task AdminBody_ThatIsTooLarge_IsRefused_WithoutReadingIt()
    {
        foreach (var framing in new[] { "Content-Length: 100000000", "Transfer-Encoding: chunked" })
        {
            var body = framing[0] == 'C' ? new string(' ', 100_000) : string.Concat(Enumerable.Repeat("10000\r\n" + new string(' ', 65536) + "\r\n", 20)) + "0\r\n\r\n";
            var answer = await RawClient.SendAsync(
                fixture.Address, text => text.Contains("body-too-large", StringComparison.Ordinal),
                $"POST /api/v1/apps HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {VaultFactory.AdminKey}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}");
            Assert.True(answer.Statuses is [413] || (answer.IsClosed && answer.Statuses is []), answer.Text);
        }
    }

    [Fact]
    public async Task OneHangingUpstream_LeavesTheOthersAlone()
    {
        await using var hanging = RawUpstream.Start();
        var arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hanging.Answer = (_, _) =>
        {
            if (Interlocked.Increment(ref arrived) == 200)
            {
                all.TrySetResult();
            }

            return Task.CompletedTask;
        };
        var (name, key) = await fixture.NewAsync($"\"url\": \"{hanging.Url}\"");
        using var client = fixture.Vault.CreateClient(key);
        using var end = new CancellationTokenSource();
        var stuck = Enumerable.Range(0, 200).Select(_ => client.GetAsync($"/callout/{name}/x", end.Token)).ToArray();
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));

        var (answer, _) = await fixture.ExchangeAsync("GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(stuck));
    }

    [Fact]
    public async Task CallerThatGoesAway_InTheBodyOrTheAnswer_FreesTheUpstream()
    {
        foreach (var sendsBody in new[] { false, true })
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var upstream = RawUpstream.Start();
            upstream.Answer = async (stream, _) =>
            {
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin"u8.ToArray());
                arrived.TrySetResult();
            };
            var (name, key) = await fixture.NewAsync($"\"url\": \"{upstream.Url}\"");
            var request = $"POST /callout/{name}/x HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {key}\r\nContent-Length: {(sendsBody ? 2 : 1000)}\r\n\r\nhi";
            using (var client = new TcpClient())
            {
                await client.ConnectAsync(fixture.Address.Host, fixture.Address.Port);
                await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
                await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30));
            }

            await upstream.AllClosed.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    [Theory]
    [InlineData("Content-Length: 2000", "")]
    [InlineData("Transfer-Encoding: chunked", "7d0\r\n")]
    public async Task Answer_LargerThanAllowed_IsCutOff(string framing, string size)
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"maxResponseBytes\": 1000");
        var (answer, _) = await fixture.ExchangeAsync(
            $"GET /callout/{name}/x HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {key}\r\nConnection: close\r\n\r\n",
            $"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{size}{new string('a', 2000)}\r\n0\r\n\r\n");
        Assert.True(answer.IsClosed);
        Assert.True(framing[0] == 'C' ? answer.Statuses is [502] : answer.Statuses is [] or [200] or [502], answer.Text);
        Assert.True(answer.Statuses is [502] || !answer.Text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
        Assert.True(answer.Body.Count(c => c == 'a') < 2000);
    }

    [Fact]
    public async Task DecompressionBomb_IsCountedAsItUnfolds()
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"maxResponseBytes\": 1000000");
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 100; i++)
            {
                await gzip.WriteAsync(zeros);
            }
        }

        fixture.Upstream.Answer = async (stream, _) =>
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n"));
            await stream.WriteAsync(packed.ToArray());
        };
        var answer = await RawClient.SendAsync(fixture.Address, null, $"GET /callout/{name}/x HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {key}\r\nConnection: close\r\n\r\n");
        Assert.True(answer.IsClosed);
        Assert.InRange(answer.Text.Length, 0, 2_000_000);
        Assert.False(answer.Text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TenMegabytesOfOpeners_GoThrough_OrAreInvalid_WithoutDelay()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        var (name, key) = await fixture.NewAsync($"\"url\": \"{upstream.Url}\", \"allowMergeFieldsInBody\": true");
        using var client = fixture.Vault.CreateClient(key);
        foreach (var (piece, passes) in new[] { ("{!", true), ("<!", true), ("{! ", true), ("{!$", false) })
        {
            upstream.Clear();
            var text = string.Concat(Enumerable.Repeat(piece, 10_000_000 / piece.Length));
            using var answer = await client.PostAsync($"/callout/{name}/x", new StringContent(text, Encoding.UTF8, "text/plain"));
            Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.True(!passes || upstream.Requests[^1].Text == text, piece);
        }
    }

    [Fact]
    public async Task HeaderNames_ThatAreManyAndAlike_AreAnsweredAtOnce()
    {
        // As many as there may be, all of one length, all alike but for their last letters.
        var headers = string.Concat(Enumerable.Range(0, 190).Select(i => $"X-{new string('a', 200)}{i:D4}: {i}\r\n"));
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Raw/x HTTP/1.1\r\n{{host}}\r\n{headers}Connection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.Contains("0189: 189", sent, StringComparison.Ordinal);
    }
}
