using System.Text;

namespace Vault.Api.Hosting;

/// <summary>
/// Reads <c>Content-Length</c>. Kestrel parses its value as a number before anything else sees it, and takes <c>+1</c>, <c>-0</c> and
/// numbers between vertical tabs: whatever isn't a digit becomes a letter here, so that it answers 400 by itself. See
/// docs/decisions/0007-strict-heads.md.
/// </summary>
internal sealed class DigitsEncoding : Encoding
{
    /// <summary>The only instance.</summary>
    public static DigitsEncoding Instance { get; } = new();

    private DigitsEncoding()
    {
    }

    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        // More than fits is more than a number: cut, it has to stay none.
        var count = Math.Min(bytes.Length, chars.Length);
        for (var i = 0; i < count; i++)
        {
            chars[i] = bytes.Length <= chars.Length && char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : 'x';
        }

        return count;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => throw new NotSupportedException();

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => throw new NotSupportedException();

    public override int GetMaxByteCount(int charCount) => throw new NotSupportedException();
}
