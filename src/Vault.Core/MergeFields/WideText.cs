using System.Text;

namespace Vault.Core.MergeFields;

/// <summary>A body in UTF-16 or UTF-32, which its byte order mark tells (RFC 3629 section 6 for UTF-8, the Unicode Standard section 23.8 for these).</summary>
internal static class WideText
{
    // UTF-32 first: the mark of its little-endian form begins with that of UTF-16.
    private static readonly Encoding[] Encodings =
        [Encoding.UTF32, new UTF32Encoding(bigEndian: true, byteOrderMark: true), Encoding.Unicode, Encoding.BigEndianUnicode];

    /// <summary>Whether a body begins with such a mark.</summary>
    public static bool IsMarked(ReadOnlySpan<byte> body) => EncodingOf(body) is not null;

    /// <summary>
    /// The same text in UTF-8, without the mark; null where there is no such mark. In these encodings every character of a field has zero bytes
    /// beside it, and other characters have the bytes of a field's: it is told only in the text.
    /// </summary>
    public static byte[]? ToUtf8(ReadOnlySpan<byte> body) =>
        EncodingOf(body) is { } encoding ? Encoding.UTF8.GetBytes(encoding.GetString(body[encoding.Preamble.Length..])) : null;

    /// <summary>The text without the mark; also of XML in UTF-16 without one, which its first two characters tell (XML 1.0 appendix F.1). Null where it is no such text.</summary>
    public static string? Read(ReadOnlySpan<byte> body) => EncodingOf(body) is { } encoding
        ? encoding.GetString(body[encoding.Preamble.Length..])
        : body.StartsWith("<\0?\0"u8) ? Encoding.Unicode.GetString(body)
        : body.StartsWith("\0<\0?"u8) ? Encoding.BigEndianUnicode.GetString(body)
        : null;

    private static Encoding? EncodingOf(ReadOnlySpan<byte> body)
    {
        foreach (var encoding in Encodings)
        {
            if (body.StartsWith(encoding.Preamble))
            {
                return encoding;
            }
        }

        return null;
    }
}
