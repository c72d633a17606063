using System.Buffers;
using System.Diagnostics;
using System.Text;
using CsCheck;
using Vault.Core.MergeFields;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class MergeBodyWriterTests
{
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly Gen<string> Piece = Gen.OneOf(
        "{!", "<!", "{", "<", "!", "}", ">", " ", "$", "$User.Id", "$Credential.Password", "{!$User.Id}", "<!$Credential.Tricky>",
        "HEX", "(", ")", "RAW(", "'a'", "\"", "\\", "\\u0026", "\\u007b", "\\\"", "&", "&amp;", "=", "+", "%7B", "%21", "%", "%7", "%24", "%7D",
        "\n", "é", "\ud83d\ude00", "{!important}", "<!DOCTYPE", ",", "{!UPPER($User.Id & 'x')}", "x");

    private static readonly Gen<string> Kind = Gen.OneOf(
        "application/json", "text/xml", "text/html", Form, "text/plain", "text/plain; charset=latin1", "application/json; charset=us-ascii");

    // Nothing of these opens a field, in whatever order.
    private static readonly Gen<string> Harmless = Gen.OneOf(
        "{!", "<!", "%7B%21", "{!HASH", "{!RAW", "{", "!", "}", "1", "x", "\"", "\\", "&", "=", "%", "%7", "\\u002", "é");

    // About as many as are held at most, once or again, of one to six bytes each; or any number.
    private static readonly Gen<string> Spaces = Gen.Select(
        Gen.OneOf("{!", "<!", "%7B%21", "{!HASH", ""),
        Gen.OneOf(" ", "+", "%20", "%0A", "\\n", "\\t", "\\u0020", "\t"),
        Gen.OneOf(Gen.Int[3890, 3902], Gen.Int[5190, 5202], Gen.Int[5840, 5852], Gen.Int[0, 6000]),
        (opener, space, count) => opener + string.Concat(Enumerable.Repeat(space, count)));

    [Theory]
    [InlineData("application/json", "{\"a\":\"é{!$Credential.Username \\u0026 \\\"}\\\"}\",\"b\":\"{!HE\",\"c\":\"{!\\u0020x\"}\n{!\\ud83d")]
    [InlineData("application/json", "{\"a\":\"{!$Credential.Username}\n\n é{! HEX ( 'x' }\"}")]
    [InlineData("application/json", "{\n\"a\":\"{!$Credential.Password}\", \"b\": \"{!$Credential.Nope}\"}")]
    [InlineData(Form, "a=%7B%21%24User.Id%7d&b=%7B%zz+%2&%7b%%7B!+%20RAW('=')%7D=1&c=%7B%2")]
    [InlineData(Form, "a=1&b{!$User.Id=3")]
    [InlineData("text/xml", "<!DOCTYPE a><!-- {! --><b c=\"{!$Credential.Password}\"><![CDATA[<!$Credential.Euro>]]></b><!")]
    public async Task WriteAsync_SplitAnywhere_GivesTheSame(string contentType, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var whole = await MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope());
        AssertSameAsWholeBody(body, contentType, whole);

        for (var i = 0; i <= body.Length; i++)
        {
            for (var j = i; j <= Math.Min(body.Length, i + 9); j++)
            {
                var split = await MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), i, j);
                Assert.Equal(whole.Error, split.Error);
                Assert.Equal(whole.Output, split.Output);
            }
        }

        var single = await MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), [.. Enumerable.Range(1, body.Length - 1)]);
        Assert.Equal(whole.Error, single.Error);
        Assert.Equal(whole.Output, single.Output);
    }

    [Fact]
    public void WriteAsync_AnyBodyInAnyChunks_GivesTheSame() =>
        Gen.Select(Piece.Array[0, 24], Kind, Gen.Int[0, 1000].Array[0, 8]).Sample(
            (pieces, contentType, at) =>
            {
                var body = Encoding.UTF8.GetBytes(string.Concat(pieces));
                var whole = MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope()).GetAwaiter().GetResult();
                var cuts = at.Select(cut => cut % (body.Length + 1)).Order().ToArray();
                var split = MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), cuts).GetAwaiter().GetResult();
                AssertSameAsWholeBody(body, contentType, whole);
                return whole.Error == split.Error && whole.Output.AsSpan().SequenceEqual(split.Output);
            },
            iter: 20_000);

    [Fact]
    public void WriteAsync_RandomBytes_PassByteForByte() =>
        Gen.Select(Gen.Byte.Array[0, 300], Kind).Sample(
            (body, contentType) =>
            {
                // Without a dollar or a parenthesis, as such or as an escape's digits, nothing can open.
                var text = body.Select(b => b is (byte)'$' or (byte)'(' or (byte)'2' ? (byte)'!' : b).ToArray();
                var (output, error) = MergeBodyRun.StreamAsync(text, contentType, new FakeMergeScope()).GetAwaiter().GetResult();
                return error is null && output.AsSpan().SequenceEqual(text);
            },
            iter: 5_000);

    [Fact]
    public void Parse_AnyField_NeverThrows() =>
        Gen.Select(Piece.Array[0, 30], Gen.String[0, 20]).Sample(
            (pieces, noise) =>
            {
                var parsed = MergeTemplate.Parse("{!RAW(" + string.Concat(pieces) + noise + "}");
                return parsed.IsOk || parsed.Error.Code == "merge-field-invalid";
            },
            iter: 20_000);

    [Theory]
    [InlineData("{!", null, true)]
    [InlineData("{! ", null, true)]
    [InlineData("<!", "text/html", true)]
    [InlineData("{!RAW", null, true)]
    [InlineData("%7B%21", Form, true)]
    [InlineData("%7B", Form, true)]
    [InlineData("{!\\u0020", "application/json", true)]
    [InlineData("!", null, true)]
    [InlineData("{!$", null, false)]
    [InlineData("{!RAW('\u0301", null, false)]
    public async Task WriteAsync_MegabyteOfOpeners_TakesLinearTime(string piece, string? contentType, bool passes)
    {
        var body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, (1 << 20) / piece.Length)));
        var clock = Stopwatch.StartNew();
        var (output, error) = await MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), body.Length / 3);

        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"took {clock.Elapsed}");
        Assert.Equal(passes, error is null);
        Assert.True(!passes || output.AsSpan().SequenceEqual(body));
    }

    [Theory]
    [InlineData("x}", null)]
    [InlineData("$User.Id}", "The merge field at line 1, column 1 is not valid: it is longer than 3900 characters, or isn't closed with }.")]
    public async Task WriteAsync_MegabyteOfSpacesAfterAnOpener_IsNotHeld(string end, string? problem)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MergeBodyWriter(MergeBodyRun.Format(null), new FakeMergeScope(), output);
        await writer.WriteAsync(Encoding.ASCII.GetBytes("{!" + new string(' ', 1 << 20)), default);

        Assert.True(output.WrittenCount > (1 << 20) - 8000);

        var error = await writer.WriteAsync(Encoding.ASCII.GetBytes(end), default) ?? await writer.CompleteAsync(default);
        Assert.Equal(problem, error?.Detail);
        Assert.True(problem is not null || output.WrittenCount == (1 << 20) + 2 + end.Length);
    }

    [Theory]
    [InlineData("application/json", "{!", "\\n", "1")]
    [InlineData("application/json", "{!", "\\t", "\"")]
    [InlineData("application/json", "<!", "\\u0020", "}")]
    [InlineData("application/json", "{!HASH", "\\n", "1")]
    [InlineData(Form, "{!", "%20", "1")]
    [InlineData(Form, "{!", "%20", "&")]
    [InlineData(Form, "%7B%21", "%20", "%7B")]
    [InlineData(Form, "{!HASH", "%20", "1")]
    [InlineData(Form, "{!", "+", "1")]
    [InlineData(null, "{!", " ", "1")]
    public async Task WriteAsync_AfterAnyLongRunOfSpaces_ReadsOn(string? contentType, string opener, string space, string next)
    {
        // Around the lengths at which those held so far are given away: of spaces of one byte, two, three and six.
        foreach (var count in (int[])[.. Enumerable.Range(3885, 25), .. Enumerable.Range(4540, 20), .. Enumerable.Range(5190, 20), .. Enumerable.Range(5840, 20), .. Enumerable.Range(7790, 20)])
        {
            var spaces = opener + string.Concat(Enumerable.Repeat(space, count)) + next;
            var body = Encoding.UTF8.GetBytes(spaces + "{!$User.Id}z");
            var (output, error) = await MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), body.Length / 2);

            Assert.Null(error);
            Assert.Equal(spaces + "u1z", Encoding.UTF8.GetString(output));
            AssertSameAsWholeBody(body, contentType, (output, error));
        }
    }

    [Fact]
    public void WriteAsync_LongRunsOfSpacesInAnyChunks_PassByteForByte() =>
        Gen.Select(Gen.OneOf(Spaces, Harmless).Array[0, 12], Kind, Gen.Int[0, 50_000].Array[0, 8]).Sample(
            (pieces, contentType, at) =>
            {
                var body = Encoding.UTF8.GetBytes(string.Concat(pieces));
                var cuts = at.Select(cut => cut % (body.Length + 1)).Order().ToArray();
                var split = MergeBodyRun.StreamAsync(body, contentType, new FakeMergeScope(), cuts).GetAwaiter().GetResult();
                AssertSameAsWholeBody(body, contentType, split);
                return split.Error is null && split.Output.AsSpan().SequenceEqual(body);
            },
            iter: 2_000);

    [Fact]
    public async Task WriteAsync_AfterAnError_StaysFailed()
    {
        var writer = new MergeBodyWriter(MergeBodyRun.Format(null), new FakeMergeScope(), new ArrayBufferWriter<byte>());
        var error = await writer.WriteAsync("{!$Foo.x}"u8.ToArray(), default);

        Assert.NotNull(error);
        Assert.Same(error, await writer.WriteAsync("x"u8.ToArray(), default));
        Assert.Same(error, await writer.CompleteAsync(default));
    }

    private static void AssertSameAsWholeBody(byte[] body, string? contentType, (byte[] Output, Vault.Core.Primitives.VaultError? Error) streamed)
    {
        var (output, error) = MergeBodyRun.Whole(body, contentType, new FakeMergeScope());
        Assert.Equal(error is null, streamed.Error is null);
        if (error is null)
        {
            Assert.Equal(output, streamed.Output);
        }
    }
}
