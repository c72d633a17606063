using System.Text;
using CsCheck;
using Vault.Core.Redaction;
using Xunit;

namespace Vault.Core.Tests.Redaction;

/// <summary>The fast search against the exhaustive one: the same bytes are masked, whatever the secrets, the text and the pieces.</summary>
public sealed class OracleTests
{
    // Few letters, and those that escapes are made of: near misses, overlaps and escapes within escapes come by themselves.
    private const string Letters = "ab0126c5d%u\\&#;x+/= \n<é";

    private static readonly Gen<string> Secret = Gen.OneOf(
        Gen.Char[Letters].Array[8, 14].Select(c => new string(c)),
        Gen.Char['!', '~'].Array[8, 30].Select(c => new string(c)),
        Gen.Char["0123456789abcdef"].Array[8, 24].Select(c => new string(c)),
        Gen.Char["\u00E9\u10E9\u20E9a\\"].Array[8, 14].Select(c => new string(c)));

    [Fact]
    public void Redact_AnyText_MasksWhatTheExhaustiveSearchMasks() =>
        Gen.Select(Secret.Array[1, 4], Gen.Int[0, 1_000_000].Array[1, 25]).Sample(
            (secrets, seeds) =>
            {
                var set = Compiled(secrets);
                var body = Body(secrets, seeds);
                var expected = Latin1(ExhaustiveSearch.Redact(set, body));
                var actual = body.ToArray();
                set.Redact(actual, new EchoWork());
                Assert.Equal(expected, Latin1(actual));
                var unfiltered = body.ToArray();
                Set(secrets).Redact(unfiltered, new EchoWork());
                Assert.Equal(expected, Latin1(unfiltered));
            },
            iter: 1000);

    // As the tokens of one service: they part at any place, also within what is a secret itself.
    [Fact]
    public void Redact_SecretsThatBeginAlike_MasksWhatTheExhaustiveSearchMasks() =>
        Gen.Select(Secret, Gen.Select(Gen.Int[0, 14], Secret).Array[2, 10], Gen.Int[0, 1_000_000].Array[1, 25], Gen.Int[0, 300].Array[0, 8]).Sample(
            (head, tails, seeds, cuts) =>
            {
                string[] secrets = [head, .. tails.Select(tail => head[..Math.Min(tail.Item1, head.Length)] + tail.Item2), head + head[..4]];
                var body = Body(secrets, seeds);
                var expected = Latin1(ExhaustiveSearch.Redact(Set(secrets), body));
                foreach (var set in new[] { Set(secrets), Compiled(secrets), Set(secrets[..1]).With([.. secrets[1..].Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret))]) })
                {
                    Assert.Equal(expected, Latin1(Stream(set, Pieces(body, cuts))));
                }
            },
            iter: 400);

    [Fact]
    public void Scan_InAnyPieces_MasksTheSame() =>
        Gen.Select(Secret.Array[1, 4], Gen.Int[0, 1_000_000].Array[1, 25], Gen.Int[0, 300].Array[0, 8], Gen.Bool).Sample(
            (secrets, seeds, cuts, filtered) =>
            {
                var set = filtered ? Compiled(secrets) : Set(secrets);
                var body = Body(secrets, seeds);
                var expected = Latin1(ExhaustiveSearch.Redact(set, body));
                Assert.Equal(expected, Latin1(Stream(set, Pieces(body, cuts))));
            },
            iter: 1000);

    [Fact]
    public void Scan_EveryEncodingAtEverySplit_MasksTheSame()
    {
        string[] secrets = ["s3cr3t+p4/ss", "pässw%rd\\\"&<"];
        var set = Compiled(secrets);
        foreach (var (name, echo) in secrets.SelectMany(Echoes.Of))
        {
            byte[] body = [.. Encoding.UTF8.GetBytes(new string('x', 40) + "%2B\\u00e9&amp;s3cr3"), .. echo, .. Encoding.UTF8.GetBytes("s3cr3t+" + new string('y', 40))];
            var expected = Latin1(ExhaustiveSearch.Redact(set, body));
            Assert.Contains(new string('*', echo.Length), expected, StringComparison.Ordinal);
            for (var split = 0; split <= body.Length; split++)
            {
                Assert.True(expected == Latin1(Stream(set, [body[..split], body[split..]])), $"{name} split at {split}");
            }
        }
    }

    // What looks like the beginning of an escape, cut off by the beginning or the end of a secret, and anything behind it.
    [Theory]
    [InlineData("\\")]
    [InlineData("\\u")]
    [InlineData("\\u0")]
    [InlineData("\\u00")]
    [InlineData("\\u004")]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("%25")]
    [InlineData("%254")]
    [InlineData("&")]
    [InlineData("&#")]
    [InlineData("&#0")]
    [InlineData("&#x")]
    [InlineData("&#x0")]
    [InlineData("&#x4")]
    [InlineData("&l")]
    [InlineData("&am")]
    public void Redact_SecretWithHalfAnEscape_MasksWhatTheExhaustiveSearchMasks(string half)
    {
        string[] behind = ["", "u0041", "0041", "41", "5a", "#65;", "x41;", "t;", "p;", "zzzzzzzz", "\\\\", "%%%", "&&&"];
        foreach (var secret in new[] { "s3cr3t-" + half, "s3cr3t-l0nger" + half, half + "s3cr3t-", "s3" + half + "cr3t-", half + half + "s3cr3t" })
        {
            foreach (var set in new[] { Compiled([secret]), Compiled([secret, "an0ther-secret-of-more"]) })
            {
                foreach (var echo in Echoes.Of(secret).Select(form => form.Echo).Append(Encoding.UTF8.GetBytes(secret)))
                {
                    // Dots enough to keep them apart, and for the last one to stand in a vector too.
                    byte[] body = [.. behind.SelectMany(text => (byte[])[.. echo, .. Encoding.UTF8.GetBytes(text + "........................")]), .. new byte[200]];
                    var expected = Latin1(ExhaustiveSearch.Redact(set, body));
                    set.Redact(body, new EchoWork());
                    Assert.Equal(expected, Latin1(body));
                }
            }
        }
    }

    [Fact]
    public void Redact_EveryEncodingAtEveryPlaceOfTheVectors_IsMasked()
    {
        string[] secrets = ["s3cr3t+p4/ss", "pässw%rd\\\"&<", "&<>'\"%\\-#u0x"];
        var set = Compiled(secrets);
        foreach (var (name, echo) in secrets.SelectMany(Echoes.Of))
        {
            foreach (var filler in new[] { ".", "\\u00e9", "%20", "&#39;", "&amp;" })
            {
                for (var at = 0; at < 135; at++)
                {
                    var before = string.Concat(Enumerable.Repeat(filler, 450))[..(300 + at)];
                    byte[] body = [.. Encoding.UTF8.GetBytes(before + "|"), .. echo, .. Encoding.UTF8.GetBytes("|" + string.Concat(Enumerable.Repeat(filler, 200)))];
                    set.Redact(body, new EchoWork());
                    Assert.True(body.AsSpan(before.Length + 1, echo.Length).IndexOfAnyExcept((byte)'*') < 0, $"{name} at {at} behind {filler}");
                }
            }
        }
    }

    [Fact]
    public void Scan_AcrossBufferEdges_MasksTheSame()
    {
        const string Secret = "edge-secret-16ch";
        var set = Compiled([Secret]);
        var echo = Encoding.UTF8.GetBytes(Secret);
        foreach (var edge in new[] { 4096, 16 * 1024, 32 * 1024, 64 * 1024 })
        {
            for (var offset = -echo.Length - 1; offset <= 1; offset++)
            {
                var body = new byte[edge + 1000];
                body.AsSpan().Fill((byte)'e');
                echo.CopyTo(body, edge + offset);
                var expected = body.ToArray();
                expected.AsSpan(edge + offset, echo.Length).Fill((byte)'*');
                Assert.Equal(expected, Stream(set, [body]));
            }
        }
    }

    [Fact]
    public void With_MoreSecrets_MasksTheSameAsOneSet() =>
        Gen.Select(Secret.Array[1, 3], Secret.Array[1, 3], Gen.Int[0, 1_000_000].Array[1, 25]).Sample(
            (known, added, seeds) =>
            {
                string[] all = [.. known, .. added];
                var grown = Compiled(known).With([.. added.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret))]);
                Compile(grown);
                var body = Body(all, seeds);
                var expected = Latin1(ExhaustiveSearch.Redact(Set(all), body));
                grown.Redact(body, new EchoWork());
                Assert.Equal(expected, Latin1(body));
            },
            iter: 1000);

    [Theory]
    [InlineData("double", "%2573%2533%2563%2572%2533%2574%252Dp4%2573s")]
    [InlineData("mixed", "s%33c\\u0072&#51;t%252dp4s&#x73;")]
    [InlineData("lower u", "\\u0073\\u0033\\u0063\\u0072\\u0033\\u0074\\u002d\\u0070\\u0034\\u0073\\u0073")]
    [InlineData("upper u", "\\u0073\\u0033\\u0063\\u0072\\u0033\\u0074\\u002D\\u0070\\u0034\\u0073\\u0073")]
    public void Redact_OtherForms_AreMasked(string name, string echo)
    {
        var bytes = Encoding.UTF8.GetBytes("<" + echo + ">");
        Set(["s3cr3t-p4ss"]).Redact(bytes, new EchoWork());
        Assert.True("<" + new string('*', echo.Length) + ">" == Encoding.UTF8.GetString(bytes), name + ": " + Encoding.UTF8.GetString(bytes));
    }

    [Theory]
    [InlineData("s3cr3t-p4ss")]
    [InlineData("пароль-1")]
    [InlineData("pass😀word")]
    public void Redact_Utf16_IsMasked(string secret)
    {
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            var bytes = encoding.GetBytes("a " + secret + " b");
            Set([secret]).Redact(bytes, new EchoWork());
            var text = Encoding.Latin1.GetString(bytes);
            Assert.DoesNotContain(Encoding.Latin1.GetString(encoding.GetBytes(secret)[2..6]), text, StringComparison.Ordinal);
            Assert.StartsWith("a", encoding.GetString(bytes), StringComparison.Ordinal);
            Assert.EndsWith("b", encoding.GetString(bytes), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("0a1b2c3d4e5f", "0A1B2C3D4E5F")]
    [InlineData("0A1B2C3D-4E5F", "0a1b2c3d-4e5f")]
    public void Redact_HexInTheOtherCase_IsMasked(string secret, string echo)
    {
        var bytes = Encoding.UTF8.GetBytes(echo);
        Set([secret]).Redact(bytes, new EchoWork());
        Assert.Equal(new string('*', echo.Length), Encoding.UTF8.GetString(bytes));
    }

    private static byte[] Body(string[] secrets, int[] seeds)
    {
        List<byte> body = [];
        foreach (var seed in seeds)
        {
            var secret = secrets[seed % secrets.Length];
            var forms = Echoes.Of(secret).ToArray();
            var echo = forms[seed / 7 % forms.Length].Echo;
            var (base64, _, _) = Echoes.Base64(secret, Encoding.ASCII.GetBytes("xyz"[..(seed % 3)]), "!"u8.ToArray(), seed % 2 == 0, true);
            byte[] piece = (seed / 3 % 6) switch
            {
                0 => echo,
                1 => echo[..(seed / 11 % (echo.Length + 1))],
                2 => echo[(seed / 13 % (echo.Length + 1))..],
                3 => Encoding.ASCII.GetBytes(base64),
                4 => [.. Enumerable.Range(0, seed % 30).Select(i => (byte)Letters[(seed + (i * 7)) % (Letters.Length - 1)])],
                _ => [.. Enumerable.Repeat((byte)'.', seed % 60)],
            };
            body.AddRange(piece);
        }

        return [.. body];
    }

    private static byte[][] Pieces(byte[] body, int[] cuts)
    {
        var at = cuts.Select(cut => Math.Min(cut, body.Length)).Append(0).Append(body.Length).Order().ToArray();
        return [.. at.Zip(at.Skip(1), (from, to) => body[from..to])];
    }

    private static byte[] Stream(RedactionSet set, byte[][] pieces)
    {
        using var stream = new RedactingStream(new ChunkedStream(pieces), set, new EchoWork());
        using var target = new MemoryStream();
        stream.CopyToAsync(target).GetAwaiter().GetResult();
        return target.ToArray();
    }

    private static RedactionSet Compiled(string[] secrets)
    {
        var set = Set(secrets);
        Compile(set);
        return set;
    }

    // So many bytes that the filter is made.
    private static void Compile(RedactionSet set)
    {
        set.Redact(new byte[64 * 1024], new EchoWork());
        Assert.NotNull(set.FilterFor(0));
    }

    private static RedactionSet Set(string[] secrets) => new(secrets.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret)));

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
