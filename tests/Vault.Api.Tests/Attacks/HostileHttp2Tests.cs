using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Frames and header blocks that RFC 9113 forbids, and floods of those that it allows; over HTTP/2 without TLS.</summary>
public sealed class HostileHttp2Tests(WireFixture fixture) : IClassFixture<WireFixture>
{
    private const byte Headers = 1, Reset = 3, GoAway = 7, Continuation = 9, Data = 0;
    private const byte EndStream = 1, EndHeaders = 4;

    /// <summary>Header blocks that must not get through; <c>{key}</c> is a key that may.</summary>
    private static readonly Dictionary<string, (string Name, string Value)[]> Blocks = new()
    {
        ["path empty"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "")],
        ["path asterisk"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "*")],
        ["path asterisk, OPTIONS"] = [(":method", "OPTIONS"), (":scheme", "http"), (":authority", "h"), (":path", "*")],
        ["path without a slash"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "callout/Raw/x")],
        ["path absolute"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "http://evil.example/callout/Raw/x")],
        ["path twice"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x"), (":path", "/callout/Raw/y")],
        ["path missing"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h")],
        ["path with CR LF"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x HTTP/1.1\r\nX-Evil: 1")],
        ["path with a blank"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x y")],
        ["path with a NUL"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/\0")],
        ["path with a tab"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/\t")],
        ["path with a DEL"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/\u007f")],
        ["path beyond ASCII"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/\u00e4")],
        ["path with a dot segment"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/../x")],
        ["path with a fragment"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x#y")],
        ["query with a LF"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x?a=\nb")],
        ["method missing"] = [(":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["method twice"] = [(":method", "GET"), (":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["method with a blank"] = [(":method", "GET /evil HTTP/1.1"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["method with CR LF"] = [(":method", "GET\r\nX-Evil: 1"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["method TRACE"] = [(":method", "TRACE"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["method CONNECT"] = [(":method", "CONNECT"), (":authority", "evil.example:443")],
        ["method CONNECT with a path"] = [(":method", "CONNECT"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["CONNECT to another protocol"] = [(":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["scheme missing"] = [(":method", "GET"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["scheme of another kind"] = [(":method", "GET"), (":scheme", "file"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["scheme that isn't this one"] = [(":method", "GET"), (":scheme", "https"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["authority with user info"] = [(":method", "GET"), (":scheme", "http"), (":authority", "u@h"), (":path", "/callout/Raw/x")],
        ["authority with a path"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h/callout"), (":path", "/callout/Raw/x")],
        ["authority with CR LF"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h\r\nX-Evil: 1"), (":path", "/callout/Raw/x")],
        ["pseudo-header unknown"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x"), (":evil", "1")],
        ["pseudo-header of an answer"] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x"), (":status", "200")],
        ["pseudo-header behind a header"] = [(":method", "GET"), (":scheme", "http"), ("x-vault-key", "{key}"), (":authority", "h"), (":path", "/callout/Raw/x")],
        ["name in upper case"] = Plain(("X-Upper", "1")),
        ["name with a blank"] = Plain(("x a", "1")),
        ["name with a colon"] = Plain(("x:a", "1")),
        ["name with CR LF"] = Plain(("x-a\r\nx-evil", "1")),
        ["name with a NUL"] = Plain(("x\0a", "1")),
        ["name with a parenthesis"] = Plain(("x(a", "1")),
        ["name beyond ASCII"] = Plain(("x\u00e4", "1")),
        ["name empty"] = Plain(("", "1")),
        ["value with CR LF"] = Plain(("x-a", "b\r\nx-evil: 1")),
        ["value with a CR"] = Plain(("x-a", "b\rc")),
        ["value with a LF"] = Plain(("x-a", "b\nc")),
        ["value with a NUL"] = Plain(("x-a", "b\0c")),
        ["value with a vertical tab"] = Plain(("x-a", "b\vc")),
        ["connection"] = Plain(("connection", "x-a")),
        ["transfer-encoding"] = Plain(("transfer-encoding", "chunked")),
        ["te that isn't trailers"] = Plain(("te", "gzip")),
        ["length without a body"] = Plain(("content-length", "5")),
        ["length with a plus"] = Plain(("content-length", "+0")),
        ["two lengths"] = Plain(("content-length", "0"), ("content-length", "5")),
    };

    public static TheoryData<string> BlockNames => [.. Blocks.Keys];

    [Theory]
    [MemberData(nameof(BlockNames))]
    public async Task Block_ThatIsForbidden_IsNeverSentOn(string name)
    {
        var connections = fixture.Upstream.Connections;
        await using var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port);
        var headers = Blocks[name].Select(header => (header.Name, header.Value.Replace("{key}", fixture.Key, StringComparison.Ordinal)));
        headers = name.StartsWith("pseudo-header behind", StringComparison.Ordinal) ? headers : headers.Append(("x-vault-key", fixture.Key));
        await client.WriteAsync(RawHttp2Client.FrameOf(Headers, EndHeaders | EndStream, 1, RawHttp2Client.Block(headers)));
        var frames = await client.ReadUntilAsync(frame => frame.Type is Reset or GoAway || frame.Status > 0);
        Assert.True(
            frames.Any(frame => frame.Type is Reset or GoAway || frame.Status is >= 400 and < 500) || client.IsClosed,
            $"{name}: {string.Join(", ", frames.Select(frame => $"{frame.Type} {frame.Status}"))}");
        Assert.DoesNotContain(frames, frame => frame.Status == 200);
        Assert.Equal(connections, fixture.Upstream.Connections);
    }

    [Fact]
    public async Task Block_ThatIsPlain_IsSentOn_AndBodyShorterThanItsLengthIsNot()
    {
        fixture.Upstream.AnswerWith("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port);
        await client.WriteAsync(RawHttp2Client.FrameOf(Headers, EndHeaders | EndStream, 1, RawHttp2Client.Block([.. Plain(), ("x-vault-key", fixture.Key)])));
        Assert.Equal(200, (await client.ReadUntilAsync(frame => frame.Status > 0 || frame.Type == Reset))[^1].Status);

        var connections = fixture.Upstream.Connections;
        (string, string)[] post = [(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Held/x"), ("content-type", "text/plain"), ("content-length", "5"), ("x-vault-key", fixture.Key)];
        await client.WriteAsync(RawHttp2Client.FrameOf(Headers, EndHeaders, 3, RawHttp2Client.Block(post)));
        await client.WriteAsync(RawHttp2Client.FrameOf(Data, EndStream, 3, "abc"u8));
        var frames = await client.ReadUntilAsync(frame => frame.Stream == 3 && (frame.Type == Reset || frame.Status > 0));
        Assert.True(frames[^1].Type == Reset || frames[^1].Status == 400);
        Assert.Equal(connections, fixture.Upstream.Connections);
    }

    /// <summary>CVE-2023-44487: streams that are opened and reset at once must not pile up.</summary>
    [Fact]
    public async Task RapidReset_EndsTheConnection_OrCostsNothing()
    {
        fixture.Upstream.Answer = static (_, _) => Task.CompletedTask;
        await using (var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port))
        {
            var block = RawHttp2Client.Block([.. Plain(), ("x-vault-key", fixture.Key)]);
            for (var stream = 1; stream < 10_000; stream += 2)
            {
                byte[] pair = [.. RawHttp2Client.FrameOf(Headers, EndHeaders | EndStream, stream, block), .. RawHttp2Client.FrameOf(Reset, 0, stream, [0, 0, 0, 8])];
                if (!await client.WriteAsync(pair))
                {
                    break;
                }
            }
        }

        await AssertServesAsync();
    }

    /// <summary>CVE-2024-27316 and its like: a header block that never ends must not be kept.</summary>
    [Fact]
    public async Task ContinuationFlood_EndsTheConnection()
    {
        await using (var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port))
        {
            await client.WriteAsync(RawHttp2Client.FrameOf(Headers, 0, 1, RawHttp2Client.Block(Plain())));
            var more = RawHttp2Client.Block(("x-a", new string('a', 8000)));
            var sent = 0;
            while (sent < 2000 && await client.WriteAsync(RawHttp2Client.FrameOf(Continuation, 0, 1, more)))
            {
                sent++;
            }

            var frames = await client.ReadUntilAsync(frame => frame.Type == GoAway);
            Assert.True(client.IsClosed || frames.Any(frame => frame.Type == GoAway));
        }

        await AssertServesAsync();
    }

    /// <summary>CVE-2019-9512, 9515, 9518: frames that ask for an answer, or say nothing, in numbers.</summary>
    [Fact]
    public async Task FloodsOfSmallFrames_CostNothing()
    {
        byte[][] floods =
        [
            RawHttp2Client.FrameOf(6, 0, 0, new byte[8]),
            RawHttp2Client.FrameOf(4, 0, 0, []),
            RawHttp2Client.FrameOf(8, 0, 0, [0, 0, 0, 1]),
            RawHttp2Client.FrameOf(2, 0, 1, [0, 0, 0, 0, 1]),
        ];
        foreach (var frame in floods)
        {
            await using var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port);
            var hundred = Enumerable.Repeat(frame, 100).SelectMany(bytes => bytes).ToArray();
            for (var i = 0; i < 50 && await client.WriteAsync(hundred); i++)
            {
            }
        }

        await AssertServesAsync();
    }

    private async Task AssertServesAsync()
    {
        fixture.Upstream.AnswerWith("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var client = await RawHttp2Client.ConnectAsync(fixture.Http2Port);
        await client.WriteAsync(RawHttp2Client.FrameOf(Headers, EndHeaders | EndStream, 1, RawHttp2Client.Block([.. Plain(), ("x-vault-key", fixture.Key)])));
        Assert.Equal(200, (await client.ReadUntilAsync(frame => frame.Status > 0 || frame.Type is Reset or GoAway))[^1].Status);
    }

    private static (string Name, string Value)[] Plain(params IEnumerable<(string, string)> more) =>
        [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/callout/Raw/x"), .. more];
}
