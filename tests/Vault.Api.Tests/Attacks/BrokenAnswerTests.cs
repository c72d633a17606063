using System.Text.RegularExpressions;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Answers that turn out to be broken before the caller has a byte of them: the caller is told, and so is the audit.</summary>
public sealed partial class BrokenAnswerTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    [Theory]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 16", "no gzip, for one", "response-not-inspectable", "Content-Encoding")]
    [InlineData("Content-Encoding: br\r\nContent-Length: 16", "no brotli at all", "response-not-inspectable", "Content-Encoding")]
    [InlineData("Content-Encoding: deflate\r\nContent-Length: 16", "no deflate here.", "response-not-inspectable", "Content-Encoding")]
    [InlineData("Content-Encoding: gzip, br\r\nContent-Length: 16", "neither of both.", "response-not-inspectable", "Content-Encoding")]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 16", "\u001f\u008b", "upstream-unreachable", "")]
    [InlineData("Transfer-Encoding: chunked", "zz\r\nok\r\n0\r\n\r\n", "upstream-unreachable", "")]
    [InlineData("Transfer-Encoding: chunked", "10000000000000002\r\nok\r\n0\r\n\r\n", "upstream-unreachable", "")]
    [InlineData("Transfer-Encoding: chunked", "1e\r\n##############################\r\n0\r\n\r\n", "upstream-unreachable", "maxResponseBytes")]
    public async Task Answer_ThatBreaksBeforeItsFirstByte_IsTheVaultsError_AndOnRecord(string framing, string body, string code, string detail)
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"maxResponseBytes\": 19");

        // Head and body at once: where a body without a coding comes later, its head has been handed on by then.
        fixture.Upstream.AnswerWith($"HTTP/1.1 200 OK\r\nX-Upstream: 1\r\nETag: \"a\"\r\n{framing}\r\n\r\n{body}");
        await AssertToldAsync(await SendAsync(name, key), code, detail);
    }

    [Fact]
    public async Task CodedAnswer_WhoseBodyComesLater_IsTheVaultsError()
    {
        // Written apart: the vault may have read the head alone.
        fixture.Upstream.Answer = async (stream, _) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 16\r\n\r\n"u8.ToArray());
            await stream.FlushAsync();
            await stream.WriteAsync("no gzip, for one"u8.ToArray());
        };
        await AssertToldAsync(await SendAsync("Raw", fixture.Key), "response-not-inspectable", "Content-Encoding");
    }

    [Theory]
    [InlineData("Content-Type: text/plain")]
    [InlineData("Content-Type: text/event-stream\r\nContent-Encoding: gzip")]
    [InlineData("Content-Type: application/x-ndjson\r\nContent-Encoding: gzip")]
    public async Task Head_OfAnAnswerThatStreams_ComesBeforeItsBody(string headers)
    {
        fixture.Upstream.AnswerWith($"HTTP/1.1 200 OK\r\n{headers}\r\nTransfer-Encoding: chunked\r\n\r\n", close: false);
        var answer = await RawClient.SendAsync(fixture.Address, text => text.Contains("\r\n\r\n", StringComparison.Ordinal), RequestOf("Raw", fixture.Key));
        Assert.Equal([200], answer.Statuses);
        Assert.False(answer.IsClosed);
    }

    private static string RequestOf(string name, string key) => $"GET /callout/{name}/x HTTP/1.1\r\nHost: h\r\nX-Vault-Key: {key}\r\nConnection: close\r\n\r\n";

    [GeneratedRegex("X-Vault-Request-Id: (\\S+)")]
    private static partial Regex RequestId();

    private async Task AssertToldAsync(RawClient.RawAnswer answer, string code, string detail)
    {
        Assert.True(answer.Statuses.SequenceEqual([502]), answer.Text);
        Assert.Contains($"X-Vault-Error: {code}\r\n", answer.Text, StringComparison.Ordinal);
        Assert.Contains(detail, answer.Body, StringComparison.Ordinal);
        foreach (var header in new[] { "X-Upstream", "ETag", "Content-Encoding:" })
        {
            Assert.DoesNotContain(header, answer.Text, StringComparison.OrdinalIgnoreCase);
        }

        var id = RequestId().Match(answer.Text).Groups[1].Value;
        var items = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&pageSize=500"))!["items"]!.AsArray();
        var record = Assert.Single(items, item => (string?)item!["id"] == id)!;
        Assert.Equal((code, 502, "failed"), ((string?)record["code"], (int?)record["status"], (string?)record["outcome"]));
    }

    private Task<RawClient.RawAnswer> SendAsync(string name, string key) => RawClient.SendAsync(fixture.Address, null, RequestOf(name, key));
}
