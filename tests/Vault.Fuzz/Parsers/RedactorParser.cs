using System.Net;
using System.Text;
using System.Text.Json;
using Vault.Core.Redaction;

namespace Vault.Fuzz.Parsers;

/// <summary>
/// An answer that echoes: same length, nothing left of the secret in any listed encoding, nothing else touched, and the same however
/// it comes in pieces.
/// </summary>
internal sealed class RedactorParser : IFuzzedParser
{
    public string Name => "redactor";

    public IReadOnlyList<string> Words =>
        ["\\u00", "\\/", "\\\\", "%25", "%2", "&#x", "&#", ";", "&amp;", "&quot;", "&lt;", "=", "==", "+", "-_", "aaaaaaaa", "AAAA", "p%22w", "\\\"", "\n", "é", "😀", "c2VjcmV0"];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var form = reader.Byte();
        var pieces = new SeededNumbers(reader.Byte());
        var secret = reader.Text();
        var second = reader.Text();
        var body = reader.Rest();

        // A star in a secret looks like a mask, and what can't be UTF-16 has no forms to compare with.
        if (secret.Contains('*', StringComparison.Ordinal) || second.Contains('*', StringComparison.Ordinal) || secret.Length > 80 || second.Length > 80 || secret.Contains('\uFFFD', StringComparison.Ordinal))
        {
            return;
        }

        var echo = form % 2 == 0 ? [] : Echo(secret, form / 2);
        var at = body.Length == 0 ? 0 : form % (body.Length + 1);
        byte[] answer = [.. body[..at], .. echo, .. body[at..]];
        var set = new RedactionSet(new[] { secret, second }.Select(text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text)));
        var masked = answer.ToArray();
        set.Redact(masked, new EchoWork());
        Judge(answer, masked, secret, second);
        if (secret.EnumerateRunes().Count() >= RedactionSet.MinCharacters)
        {
            FuzzFailure.Unless(masked.AsSpan(at, echo.Length).IndexOfAnyExcept((byte)'*') < 0, $"An echo in form {form / 2 % 12} stays: {Encoding.Latin1.GetString(masked)}");
        }

        FuzzFailure.Unless(Read(answer, set, pieces).AsSpan().SequenceEqual(masked), "In pieces the answer comes out differently.");
        var header = Encoding.Latin1.GetString(answer);

        // A character above ASCII is searched as one byte and as two, and masked as what was found.
        FuzzFailure.Unless(set.RedactHeader(header, new EchoWork()).Length == header.Length || !Ascii.IsValid(header), "A header changes its length.");
    }

    private static void Judge(byte[] before, byte[] after, string secret, string second)
    {
        FuzzFailure.Unless(before.Length == after.Length, "The length changes.");
        var run = 0;
        for (var i = 0; i <= before.Length; i++)
        {
            if (i < before.Length && before[i] != after[i])
            {
                FuzzFailure.Unless(after[i] == '*', "What is masked isn't a star.");
                run++;
                continue;
            }

            run = i < before.Length && before[i] == '*' ? run : 0;
        }

        foreach (var text in new[] { secret, second }.Where(text => text.EnumerateRunes().Count() >= RedactionSet.MinCharacters && !text.Contains('\uFFFD', StringComparison.Ordinal)))
        {
            for (var form = 0; form < 12; form++)
            {
                var left = after.AsSpan().IndexOf(Echo(text, form));
                FuzzFailure.Unless(left < 0, $"A secret stands in the answer in form {form}.");
            }
        }

        if (secret.EnumerateRunes().Count() < RedactionSet.MinCharacters && second.EnumerateRunes().Count() < RedactionSet.MinCharacters)
        {
            FuzzFailure.Unless(before.AsSpan().SequenceEqual(after), "Masked, though no secret is long enough.");
        }
    }

    // Forms by what the platform itself makes of a text.
    private static byte[] Echo(string secret, int form)
    {
        var utf8 = Encoding.UTF8.GetBytes(secret);
        return (form % 12) switch
        {
            0 => utf8,
            1 => Encoding.ASCII.GetBytes(JsonSerializer.Serialize(secret)[1..^1]),
            2 => Encoding.UTF8.GetBytes(Uri.EscapeDataString(secret)),
            3 => Encoding.UTF8.GetBytes(WebUtility.UrlEncode(secret)),
            4 => Encoding.UTF8.GetBytes(WebUtility.HtmlEncode(secret)),
            5 => Encoding.ASCII.GetBytes(Convert.ToHexString(utf8)),
            6 => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(utf8)),
            7 => Encoding.ASCII.GetBytes(Convert.ToBase64String(utf8)),
            8 => Encoding.ASCII.GetBytes(Convert.ToBase64String(utf8).TrimEnd('=').Replace('+', '-').Replace('/', '_')),
            9 => Inner(utf8, 1),
            10 => Inner(utf8, 2),
            _ => Encoding.UTF8.GetBytes(string.Concat(secret.EnumerateRunes().Select(rune => $"&#x{rune.Value:x};"))),
        };
    }

    // Only the characters of base64 that hold nothing of what stands before or after.
    private static byte[] Inner(byte[] utf8, int shift)
    {
        var text = Convert.ToBase64String([.. new byte[shift], .. utf8]);
        var whole = (shift + utf8.Length) * 8 / 6;
        return Encoding.ASCII.GetBytes(text[(shift == 1 ? 2 : 3)..Math.Max(3, whole)]);
    }

    private static byte[] Read(byte[] answer, RedactionSet set, SeededNumbers numbers)
    {
        using var stream = new RedactingStream(new PieceStream(answer, numbers), set, new EchoWork());
        using var result = new MemoryStream();
        var buffer = new byte[1 + numbers.Below(5000)];
        while (true)
        {
            var read = stream.ReadAsync(buffer, CancellationToken.None);
            var count = read.IsCompletedSuccessfully ? read.Result : throw new FuzzFailure("It waits for something.");
            if (count == 0)
            {
                return result.ToArray();
            }

            result.Write(buffer, 0, count);
        }
    }
}
