using System.Text;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>
/// Upstreams that break the rules of HTTP. Whatever one sends, its caller gets a refusal or an aborted connection, and the next
/// caller gets the answer to its own request.
/// </summary>
public sealed class HostileUpstreamTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    private const string Poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    private const string Own = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nits own!";

    /// <summary>Answers that are none.</summary>
    private static readonly Dictionary<string, string> Refused = new()
    {
        ["two lengths"] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 8\r\n\r\nok",
        ["length twice"] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        ["lengths in a list"] = "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        ["length with a plus"] = "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        ["length below zero"] = "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        ["length in hex"] = "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
        ["length over 64 bits"] = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
        ["length empty"] = "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
        ["coding and length"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["length and coding"] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["coding unknown"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["coding gzip, chunked"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["coding chunked, identity"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["coding twice"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["coding of HTTP/1.0"] = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["value with an escape"] = "HTTP/1.1 200 OK\r\nX-A: \u001b[2J\r\nContent-Length: 2\r\n\r\nok",
        ["reason with a bare CR"] = "HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok",
        ["reason with a NUL"] = "HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok",
        ["name with a blank"] = "HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok",
        ["no colon"] = "HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok",
        ["no name"] = "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok",
        ["a 205 with a body"] = "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok",
        ["a 205 with a chunk"] = "HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ["a 205 up to the end"] = "HTTP/1.1 205 Reset Content\r\n\r\nok",
        ["switches protocols unasked"] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        ["HTTP/0.9"] = "<html>ok</html>",
        ["no version"] = "200 OK\r\n\r\n",
        ["a version of the future"] = "HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ["a status of two digits"] = "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
        ["a status of four digits"] = "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
        ["a status below 100"] = "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
        ["a request"] = "GET /callout/Raw/x HTTP/1.1\r\nHost: h\r\n\r\n",
        ["TLS"] = "\u0015\u0003\u0001\u0000\u0002\u0002\u0046",
        ["SSH"] = "SSH-2.0-OpenSSH_9.2p1\r\n",
        ["nothing"] = "",
        ["half a head"] = "HTTP/1.1 200 OK\r\nContent-Le",
        ["a head of 10 MB"] = "HTTP/1.1 200 OK\r\nX-A: " + new string('a', 10_000_000) + "\r\n\r\n",
        ["100,000 headers"] = "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-A: b\r\n", 100_000)) + "\r\n",
    };

    /// <summary>Answers that begin well: their caller must see that the rest is missing.</summary>
    private static readonly Dictionary<string, string> Broken = new()
    {
        ["end in the middle of the length"] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
        ["end in the middle of a chunk"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nok",
        ["end between chunks"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        ["end in the trailers"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: ",
        ["size that is no number"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\nok\r\n0\r\n\r\n",
        ["size over 64 bits"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n10000000000000002\r\nok\r\n0\r\n\r\n",
        ["size below zero"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n-2\r\nok\r\n0\r\n\r\n",
        ["data longer than its size"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n",
    };

    /// <summary>Answers that are odd and can be read in one way only.</summary>
    private static readonly Dictionary<string, string> Plain = new()
    {
        ["HTTP/1.0"] = "HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nok",
        ["up to the end"] = "HTTP/1.1 200 OK\r\n\r\nok",
        ["hints first"] = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ["extensions"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nok\r\n0\r\n\r\n",
        ["trailers"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Vault-Error: fake\r\nSet-Cookie: a=b\r\n\r\n",
        ["value with a bare CR"] = "HTTP/1.1 200 OK\r\nX-A: b\rX-Vault-Error: 1\r\nContent-Length: 2\r\n\r\nok",
        ["value with a NUL"] = "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\nok",
        ["value that is folded"] = "HTTP/1.1 200 OK\r\nX-A: b\r\n X-Vault-Error: 1\r\nContent-Length: 2\r\n\r\nok",
        ["lines that end with LF"] = "HTTP/1.1 200 OK\nContent-Length: 2\nX-A: b\n\nok",
        ["bytes behind the length"] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + Poison,
        ["bytes behind the chunks"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + Poison,
    };

    public static TheoryData<string> RefusedNames => [.. Refused.Keys];

    public static TheoryData<string> BrokenNames => [.. Broken.Keys];

    public static TheoryData<string> PlainNames => [.. Plain.Keys];

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public async Task Answer_ThatIsNone_IsUnreachable(string name)
    {
        // Open where it can be, so that the connection could be used again if the vault wanted to.
        fixture.Upstream.AnswerWith(Refused[name], close: !Refused[name].Contains("\r\n\r\n", StringComparison.Ordinal));
        var answer = await SendAsync();
        Assert.Equal([502], answer.Statuses);
        Assert.Contains("X-Vault-Error: upstream-unreachable\r\n", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("fake", answer.Text, StringComparison.Ordinal);
        await AssertNextIsItsOwnAsync();
    }

    [Theory]
    [InlineData("200", "content-length: 2\ncontent-length: 2", "ok", 502)]
    [InlineData("200", "content-length: +2", "ok", 502)]
    [InlineData("204", "", "ok", 502)]
    [InlineData("205", "", "ok", 502)]
    [InlineData("304", "", "ok", 502)]
    [InlineData("200", "content-length: 2", "ok", 200)]
    [InlineData("204", "", "", 204)]
    [InlineData("205", "", "", 205)]
    [InlineData("304", "content-length: 2", "", 304)]
    public async Task Http2Answer_ThatIsNone_IsUnreachable(string answered, string headers, string body, int status)
    {
        var (name, answer) = await SendHttp2Async(answered, headers, body);
        Assert.Equal([status], answer.Statuses);
        Assert.Equal(status == 502, answer.Text.Contains("X-Vault-Error: upstream-unreachable\r\n", StringComparison.Ordinal));
        var record = (await fixture.Vault.AdminAsync(HttpMethod.Get, $"/api/v1/audit?action=callout&target={name}"))!["items"]![0]!;
        Assert.Equal((status, status == 502 ? "upstream-unreachable" : null), ((int)record["status"]!, (string?)record["code"]));
    }

    [Fact]
    public async Task Http2Answer_WithMoreThanItsLength_IsHandedOnNoFurther()
    {
        // Its head, and as much as that announced, may have been handed on before the rest came.
        var (_, answer) = await SendHttp2Async("200", "content-length: 1", "ok");
        Assert.True(answer.IsClosed);
        Assert.True(answer.Statuses is [502] || answer.Body is "" or "o", answer.Text);
    }

    [Theory]
    [InlineData("", 101)]
    [InlineData("Content-Length: 0\r\n", 101)]
    [InlineData("Content-Length: 5\r\n", 502)]
    public async Task Switch_WithABody_IsUnreachable(string header, int status)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{header}\r\n");
        var (name, key) = await fixture.NewAsync($"\"url\": \"{upstream.Url}\"");
        var answer = await RawClient.SendAsync(
            fixture.Address, static text => text.Contains("\r\n\r\n", StringComparison.Ordinal),
            $"GET /callout/{name}/x HTTP/1.1\r\nHost: {fixture.Address.Authority}\r\nX-Vault-Key: {key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.Equal([status], answer.Statuses);
    }

    [Theory]
    [MemberData(nameof(BrokenNames))]
    public async Task Answer_ThatBreaksOff_IsAborted(string name)
    {
        fixture.Upstream.AnswerWith(Broken[name]);
        var answer = await SendAsync();
        Assert.True(answer.IsClosed, answer.Text);
        if (answer.Statuses is [200])
        {
            // Nobody may take it for whole: neither the last chunk nor as many bytes as were announced.
            Assert.DoesNotContain("\r\n0\r\n\r\n", answer.Text, StringComparison.Ordinal);
            Assert.False(answer.Text.EndsWith("\r\n\r\n" + new string('x', 10), StringComparison.Ordinal));
        }
        else
        {
            Assert.True(answer.Statuses is [] or [502], answer.Text);
        }

        await AssertNextIsItsOwnAsync();
    }

    [Theory]
    [MemberData(nameof(PlainNames))]
    public async Task Answer_ThatIsOdd_ComesWhole_AndNothingBehindItReachesTheNext(string name)
    {
        fixture.Upstream.AnswerWith(Plain[name], close: name is "HTTP/1.0" or "up to the end");
        var answer = await SendAsync();
        Assert.Equal([200], answer.Statuses);
        Assert.Equal("ok", answer.Body);
        Assert.Single(answer.Text.Split("\r\n\r\n")[0].Split(["\r\n", "\r", "\n", "\0"], StringSplitOptions.None), line => line.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("poison", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("fake", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Set-Cookie", answer.Text, StringComparison.OrdinalIgnoreCase);
        await AssertNextIsItsOwnAsync();
    }

    [Fact]
    public async Task Bytes_SentOnAnIdleConnection_AreNobodysAnswer()
    {
        // An upstream of its own: a connection that lay idle for long is watched by the client, which hears of bytes only some time after they came.
        await using var upstream = RawUpstream.Start();
        var (name, key) = await fixture.NewAsync($"\"url\": \"{upstream.Url}\"");
        var first = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.Answer = async (stream, _) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            first.TrySetResult(stream);
        };
        Assert.Equal([200], (await SendAsync(name, key)).Statuses);
        await (await first.Task).WriteAsync(Encoding.Latin1.GetBytes(Poison));
        upstream.AnswerWith(Own, close: false);
        var next = await SendAsync(name, key);
        Assert.Equal([200], next.Statuses);
        Assert.Equal("its own!", next.Body);
        Assert.Equal(2, upstream.Connections);
    }

    [Fact]
    public async Task NoContent_WithALength_IsAnAnswerWithoutOne()
    {
        fixture.Upstream.AnswerWith("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
        var answer = await SendAsync();
        Assert.Equal([204], answer.Statuses);
        Assert.Contains("X-Vault-Request-Id", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", answer.Text, StringComparison.OrdinalIgnoreCase);
        await AssertNextIsItsOwnAsync();
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PATCH")]
    [InlineData("BUY")]
    public async Task Request_ThatMayNotBeRepeated_GoesOnce_WhereTheConnectionEndsBeforeAnAnswer(string method)
    {
        var heads = 0;
        fixture.Upstream.Answer = (stream, _) =>
        {
            Interlocked.Increment(ref heads);
            stream.Close();
            return Task.CompletedTask;
        };
        var answer = await RawClient.SendAsync(
            fixture.Address, null, $"{method} /callout/Raw/x HTTP/1.1\r\nHost: {fixture.Address.Authority}\r\nX-Vault-Key: {fixture.Key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Assert.Equal([502], answer.Statuses);
        Assert.Equal(1, heads);
    }

    [Fact]
    public async Task Flood_OfInformationalAnswers_EndsInTime()
    {
        var (name, key) = await fixture.NewAsync($"\"url\": \"{fixture.Upstream.Url}\", \"timeoutSeconds\": 1");
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Upstream.Answer = async (stream, _) =>
        {
            try
            {
                var hint = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100)));
                while (true)
                {
                    await stream.WriteAsync(hint);
                }
            }
            catch (IOException)
            {
                stopped.TrySetResult();
            }
        };
        var answer = await SendAsync(name, key);
        Assert.True(answer.Statuses is [502] or [504], answer.Text);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await AssertNextIsItsOwnAsync();
    }

    private async Task<(string Name, RawClient.RawAnswer Answer)> SendHttp2Async(string status, string headers, string body)
    {
        await using var upstream = RawHttp2Upstream.Start();
        var block = RawHttp2Client.Block(
            [(":status", status), .. headers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(header => (header.Split(": ")[0], header.Split(": ")[1]))]);
        upstream.Answer = stream => [.. RawHttp2Client.FrameOf(1, 4, stream, block), .. RawHttp2Client.FrameOf(0, 1, stream, Encoding.Latin1.GetBytes(body))];
        var (name, key) = await fixture.NewAsync($"\"url\": \"{upstream.Url}\", \"httpVersion\": \"2\"");
        return (name, await SendAsync(name, key));
    }

    private async Task AssertNextIsItsOwnAsync()
    {
        fixture.Upstream.AnswerWith(Own, close: false);
        var next = await SendAsync();
        Assert.Equal([200], next.Statuses);
        Assert.Equal("its own!", next.Body);
    }

    private Task<RawClient.RawAnswer> SendAsync(string name = "Raw", string? key = null) => RawClient.SendAsync(
        fixture.Address, null,
        $"GET /callout/{name}/x HTTP/1.1\r\nHost: {fixture.Address.Authority}\r\nX-Vault-Key: {key ?? fixture.Key}\r\nConnection: close\r\n\r\n");
}
