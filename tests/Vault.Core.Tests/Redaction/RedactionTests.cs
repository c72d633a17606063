using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using CsCheck;
using Vault.Core.Redaction;
using Xunit;

namespace Vault.Core.Tests.Redaction;

public sealed class RedactionTests
{
    private static readonly string[] Secrets =
    [
        "s3cr3t-p4ss", "p\"a\\ss/w'o<r>d&", "%41%42&amp;+ +", "\\\\\\\\\\\\\\\\", "päßwörd€", "kéy😀😀😀😀😀", "aaaaaaaaaaaa",
        // These share a place among the trees that are kept (Alphabet).
        "\u00E9\u10E9\u00E9\u10E9\u20E9\u00E9\u10E9\u00E9",
        "{\"a\":\"b\\n\"}", "c2VjcmV0LXZhbHVl+/==", "line\r\nline\ttab", "%25%25%25%25", "&#38;&#38;",
    ];

    public static TheoryData<string> AllSecrets => [.. Secrets];

    [Theory]
    [MemberData(nameof(AllSecrets))]
    public async Task Read_EveryEncodingSplitAnywhere_IsMasked(string secret)
    {
        foreach (var (name, echo) in Echoes.Of(secret))
        {
            byte[] body = [.. "id: 7\n"u8, .. echo, .. "\n\nend"u8];
            var expected = Latin1([.. "id: 7\n"u8, .. Stars(echo.Length), .. "\n\nend"u8]);
            for (var split = 0; split <= body.Length; split++)
            {
                Assert.Equal(expected, Latin1(await ReadAsync(Set(secret), body[..split], body[split..])));
            }

            Assert.True(expected == Latin1(await ReadAsync(Set(secret), [.. body.Select(b => new[] { b })])), name);
        }
    }

    [Theory]
    [InlineData("&eacute;tait l&agrave;-bas")]
    [InlineData("pass&Eacute;&thorn;w&oslash;rd")]
    [InlineData("&alpha;&beta;&gamma;&thetasym;&Omega;&sigmaf;&piv;&real;")]
    [InlineData("&euro;&ldquo;x&rdquo;&hellip;&nbsp;&there4;&frac34;")]
    public async Task Read_NamesOfHtml_AreMasked(string echo)
    {
        var secret = System.Net.WebUtility.HtmlDecode(echo);
        Assert.DoesNotContain('&', secret);
        Assert.Equal($"a {new string('*', echo.Length)} &eacute;", Latin1(await ReadAsync(Set(secret), Encoding.ASCII.GetBytes($"a {echo} &eacute;"))));
    }

    [Theory]
    [InlineData("\0abcdefghij", "&#000000000;abcdefghij")]
    [InlineData("\0abcdefghij", "&#0;abcdefghij")]
    [InlineData("\0abcdefghij", "&#x000000000;abcdefghij")]
    [InlineData("\n7abcdefghij", "&#0000000010;&#0000000055;abcdefghij")]
    public void Redact_LeadingZeros_AreMasked(string secret, string echo) => Assert.Equal(new string('*', echo.Length), Redact(Set(secret), echo));

    [Fact]
    public void Set_OfLongTextBeyondAscii_TakesLittleMemory()
    {
        var secret = string.Concat(Enumerable.Range(0, 30_000).Select(i => (char)(0x4E00 + (i % 20_000))));
        _ = Set(secret[..100]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var set = Set(secret);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        Assert.Equal("a " + new string('*', 90_000), Redact(set, "a " + secret));
    }

    [Theory]
    [MemberData(nameof(AllSecrets))]
    public void Redact_Base64AtEveryAlignment_IsMasked(string secret)
    {
        foreach (var (before, after, form) in from b in Enumerable.Range(0, 7) from a in Enumerable.Range(0, 4) from f in Enumerable.Range(0, 4) select (b, a, f))
        {
            var (text, from, to) = Echoes.Base64(secret, Bytes(before, 0x5A), Bytes(after, 0xFF), form % 2 == 0, form > 1);
            var result = Redact(Set(secret), " " + text + " ");
            Assert.Equal(text.Length + 2, result.Length);
            Assert.Equal(new string('*', to - from), result[(1 + from)..(1 + to)]);
            Assert.Equal(text[..Math.Max(0, from - 1)], result[1..][..Math.Max(0, from - 1)]);
        }
    }

    [Fact]
    public void Redact_RandomEchoes_LeaveNothing()
    {
        var secrets = Gen.Char['!', '~'].Array[8, 30].Select(c => new string(c));
        Gen.Select(secrets, Gen.Int[0, 13], Gen.Byte.Array[0, 40], Gen.Byte.Array[0, 40]).Sample(
            (secret, form, before, after) =>
            {
                var echo = Echoes.Of(secret).ElementAt(form).Echo;
                byte[] body = [.. before, .. echo, .. after];
                Set(secret).Redact(body, new EchoWork());
                Assert.True(body.AsSpan(before.Length, echo.Length).IndexOfAnyExcept((byte)'*') < 0, secret);
            },
            iter: 3000);
    }

    [Fact]
    public void Redact_CleanBytes_StayAsTheyAre() =>
        Gen.Byte.Array[0, 3000].Sample(
            bytes =>
            {
                var copy = bytes.ToArray();
                Set([.. Secrets]).Redact(copy, new EchoWork());
                Assert.Equal(bytes, copy);
            },
            iter: 1000);

    [Fact]
    public void Redact_PrefixesOverlapsAndNeighbours_AreAllMasked()
    {
        var set = Set("password", "password-long", "longest-one");
        Assert.Equal("********!", Redact(set, "password!"));
        Assert.Equal("*************", Redact(set, "password-long"));
        Assert.Equal(new string('*', 20), Redact(set, "password-longest-one"));
        Assert.Equal(new string('*', 16), Redact(set, "passwordpassword"));
        Assert.Equal("passwor" + "********", Redact(set, "passworpassword"));
        Assert.Equal(new string('*', 17), Redact(Set("abcabcabcab"), "abcabcabcabcabcab"));
    }

    [Fact]
    public void Set_ShortSecrets_AreLeftOut()
    {
        Assert.True(Set("1234567").IsEmpty);
        Assert.True(Set("äöüäöüä").IsEmpty);
        Assert.True(Set().IsEmpty);
        Assert.False(Set("äöüäöüäö").IsEmpty);
        Assert.Equal("1234567", Set("1234567").RedactHeader("1234567", new EchoWork()));
    }

    [Fact]
    public void RedactHeader_Latin1AndUtf8_AreMasked()
    {
        var set = Set("päßwörd€");
        Assert.Equal("a ************* b", set.RedactHeader("a " + Encoding.Latin1.GetString("päßwörd€"u8) + " b", new EchoWork()));
        Assert.DoesNotContain("wörd", set.RedactHeader("a päßwörd€ b", new EchoWork()));
        Assert.Equal("clean é", set.RedactHeader("clean é", new EchoWork()));
    }

    [Theory]
    [InlineData("data: hello\n\n", "data: hello\n\n")]
    [InlineData("data: s3cr3t-p4ss\n\n", "data: ***********\n\n")]
    [InlineData("data: x s3cr3t-p4ss", "data: x ***********")]
    [InlineData("data: x s3cr", "data: x ")]
    public async Task Read_Event_PassesAtOnce(string sent, string expected)
    {
        var pipe = new Pipe();
        await using var stream = new RedactingStream(pipe.Reader.AsStream(), Set("s3cr3t-p4ss"), new EchoWork());
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(sent));
        var buffer = new byte[1000];
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var count = await stream.ReadAsync(buffer, timeout.Token);
        Assert.Equal(expected, Encoding.UTF8.GetString(buffer, 0, count));
    }

    [Fact]
    public async Task Read_OfWhatRepeatsItself_AsTheSecretDoes_EndsBeforeItCostsTooMuch()
    {
        // One callout has the work of its headers and of its body together.
        var work = new EchoWork();
        var set = Set(new string('a', 3_800) + "the-password");
        Assert.Equal(new string('*', 60_000), set.RedactHeader(new string('a', 60_000), work));
        Assert.Equal("plain", set.RedactHeader("plain", work));
        await using var stream = new RedactingStream(new ChunkedStream([Bytes(100_000, (byte)'a')]), set, work);
        var buffer = new byte[100_000];
        await Assert.ThrowsAsync<EchoWorkExceededException>(async () => await stream.ReadExactlyAsync(buffer));
        Assert.All(buffer, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData("aaaaaaaa")]
    [InlineData("00000000000000000000")]
    public async Task Read_OfWhatIsNothingButASecret_GoesOn_HoweverLongItIs(string secret)
    {
        var body = Bytes(4_000_000, (byte)secret[0]);
        Assert.Equal(Stars(body.Length), await ReadAsync(Set(secret), body));
    }

    // Those of a day that are good for five minutes each, or for one, with what renews them.
    [Theory]
    [InlineData(300, "", "Name of the {0}th")]
    [InlineData(3_000, "", "Name of the {0}th")]
    [InlineData(1_900, "", "Name of the {0}th", true)]
    [InlineData(1_900, "", "\\u0418\\u043c\\u044f {0} %D0%98%D0%BC%D1%8F &#1048;&#1084;&#1103;", true)]
    [InlineData(1_900, "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhIiwiaWF0Ijox", "key eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.{0}", true)]
    [InlineData(3_000, "", "\\u0418\\u043c\\u044f {0} %D0%98%D0%BC%D1%8F &#1048;&#1084;&#1103;")]
    [InlineData(3_000, "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhIiwiaWF0Ijox", "key eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.{0}")]
    public async Task Read_OfPlainText_GoesOn_HoweverManyTokensThereWere_OrValuesWereMade(int count, string head, string name, bool areMade = false)
    {
        var tokens = Enumerable.Range(0, count).Select(number => head + Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(number)))).ToArray();
        var body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(number => $"{{\"id\":{number},\"name\":\"{string.Format(System.Globalization.CultureInfo.InvariantCulture, name, number)}\",\"isNew\":false}},\n")));
        byte[] expected = [.. body, .. Stars(tokens[^1].Length)];
        var set = areMade ? RedactionSet.Empty.With(tokens.Select(token => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(token))) : Set(tokens);
        Assert.Equal(expected, await ReadAsync(set, [.. body, .. Encoding.UTF8.GetBytes(tokens[^1])]));
    }

    [Fact]
    public void Redact_WhatAFieldMade_IsBoundedAlike_HoweverManyTokensThereAre()
    {
        var tokens = Enumerable.Range(0, 300).Select(number => new Vault.Core.Primitives.SecretText("token-" + number)).ToArray();
        var made = RedactionSet.Empty.With(tokens).With([Encoding.UTF8.GetBytes(new string('a', 3_800) + "the-password")]);

        // Up to 3,800 places a byte: 4 Mi of them, and 16 a byte.
        var work = new EchoWork();
        Assert.False(made.Redact(Bytes(2_000, (byte)'a'), work));
        Assert.True(made.Redact(Bytes(3_000, (byte)'a'), work));
    }

    [Fact]
    public async Task Read_NearMisses_EndInTime()
    {
        var body = Bytes(50_000, (byte)'a');
        Assert.Equal(body, await ReadAsync(Set(new string('a', 500) + "b"), body));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip, identity")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("raw-deflate")]
    [InlineData("gzip,BR")]
    [InlineData("")]
    public async Task Decode_KnownCodings_GivePlainContent(string codings)
    {
        var plain = Bytes(50_000, (byte)'x');
        var body = plain;
        foreach (var coding in codings.ToLowerInvariant().Split(','))
        {
            using var target = new MemoryStream();
            await using (Stream encoder = coding.Trim() switch
            {
                "gzip" or "x-gzip" => new GZipStream(target, CompressionLevel.Fastest, true),
                "br" => new BrotliStream(target, CompressionLevel.Fastest, true),
                "deflate" => new ZLibStream(target, CompressionLevel.Fastest, true),
                "raw-deflate" => new DeflateStream(target, CompressionLevel.Fastest, true),
                _ => new BufferedStream(new MemoryStream()),
            })
            {
                await encoder.WriteAsync(body);
            }

            body = target.Length > 0 ? target.ToArray() : body;
        }

        var result = ContentDecoding.Decode([codings.Replace("raw-", "")], new MemoryStream(body));
        Assert.True(result.IsOk);
        using var decoded = new MemoryStream();
        await result.Value.CopyToAsync(decoded);
        Assert.Equal(plain, decoded.ToArray());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("br, gzip")]
    public async Task Decode_NothingAtAll_IsNothing(string codings) =>
        Assert.Equal(0, await ContentDecoding.Decode([codings], new MemoryStream()).Value!.ReadAsync(new byte[10]));

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("raw-deflate")]
    [InlineData("br")]
    public async Task Decode_CutOff_Fails(string coding)
    {
        using var target = new MemoryStream();
        await using (Stream encoder = coding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Fastest, true),
            "br" => new BrotliStream(target, CompressionLevel.Fastest, true),
            "deflate" => new ZLibStream(target, CompressionLevel.Fastest, true),
            _ => new DeflateStream(target, CompressionLevel.Fastest, true),
        })
        {
            await encoder.WriteAsync(Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, 5000))));
        }

        for (var length = 3; length < target.Length - 1; length += 997)
        {
            var cut = ContentDecoding.Decode([coding.Replace("raw-", "", StringComparison.Ordinal)], new MemoryStream(target.ToArray()[..length]));
            await Assert.ThrowsAnyAsync<SystemException>(() => cut.Value!.CopyToAsync(Stream.Null));
        }
    }

    [Theory]
    [InlineData("gzip", 0)]
    [InlineData("br", 0)]
    [InlineData("deflate", 0)]
    [InlineData("raw-deflate", 0)]
    [InlineData("br", 10)]
    [InlineData("deflate", 100_000)]
    public async Task Decode_EndsWithTheContent_NotWithTheCoding(string coding, int behind)
    {
        // Only then the trailers are there, and it is known that nothing is missing.
        using var target = new MemoryStream();
        await using (Stream encoder = coding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Fastest, true),
            "br" => new BrotliStream(target, CompressionLevel.Fastest, true),
            "deflate" => new ZLibStream(target, CompressionLevel.Fastest, true),
            _ => new DeflateStream(target, CompressionLevel.Fastest, true),
        })
        {
            await encoder.WriteAsync("some text"u8.ToArray());
        }

        using var content = new EndlessStream([.. target.ToArray(), .. new byte[behind]]);
        var decoded = ContentDecoding.Decode([coding.Replace("raw-", "", StringComparison.Ordinal)], content).Value!;
        using var text = new MemoryStream();
        var reading = decoded.CopyToAsync(text);
        if (behind < 64 * 1024)
        {
            await Assert.ThrowsAsync<IOException>(() => reading);
        }
        else
        {
            await reading;
        }

        Assert.Equal("some text", Encoding.UTF8.GetString(text.ToArray()));
    }

    // What comes after the bytes is a broken connection.
    private sealed class EndlessStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? base.ReadAsync(buffer[..Math.Min(buffer.Length, 1000)], cancellationToken) : throw new IOException("The connection broke.");
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip, compress")]
    [InlineData("gzip,gzip,gzip,gzip,gzip")]
    public void Decode_OtherCodings_AreRefused(string codings) =>
        Assert.Equal("response-not-inspectable", ContentDecoding.Decode([codings], Stream.Null).Error?.Code);

    private static RedactionSet Set(params string[] secrets) =>
        new(secrets.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret)));

    private static string Redact(RedactionSet set, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        set.Redact(bytes, new EchoWork());
        return Encoding.UTF8.GetString(bytes);
    }

    private static async Task<byte[]> ReadAsync(RedactionSet set, params byte[][] chunks)
    {
        await using var stream = new RedactingStream(new ChunkedStream(chunks), set, new EchoWork());
        using var target = new MemoryStream();
        await stream.CopyToAsync(target);
        return target.ToArray();
    }

    private static byte[] Bytes(int count, byte value) => [.. Enumerable.Repeat(value, count)];

    private static byte[] Stars(int count) => Bytes(count, (byte)'*');

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
