using System.Text;

namespace Vault.Api.Hosting;

/// <summary>
/// Reads <c>Connection</c>. Kestrel keeps only <c>close</c>, <c>keep-alive</c> or <c>upgrade</c> of a value in which it finds just one of
/// them, and forgets which headers are named beside it; it keeps a value in which it finds two. So a second is put in that changes
/// nothing: <c>close</c> wins over <c>keep-alive</c>. See docs/decisions/0007-strict-heads.md.
/// </summary>
internal sealed class ConnectionEncoding : Encoding
{
    private const string KeepAlive = "keep-alive";

    /// <summary>The only instance.</summary>
    public static ConnectionEncoding Instance { get; } = new();

    private ConnectionEncoding()
    {
    }

    public override int GetCharCount(ReadOnlySpan<byte> bytes) => Decode(bytes).Length;

    public override int GetCharCount(byte[] bytes, int index, int count) => GetCharCount(bytes.AsSpan(index, count));

    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var text = Decode(bytes);
        text.CopyTo(chars);
        return text.Length;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetMaxCharCount(int byteCount) => byteCount + KeepAlive.Length + 2;

    public override int GetByteCount(char[] chars, int index, int count) => throw new NotSupportedException();

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => throw new NotSupportedException();

    public override int GetMaxByteCount(int charCount) => throw new NotSupportedException();

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = Latin1.GetString(bytes);
        var isList = text.Contains(',', StringComparison.Ordinal);
        if (!isList && !text.Equals("close", StringComparison.OrdinalIgnoreCase))
        {
            return text;
        }

        // Alone of its kind, keep-alive would be what is left; it is what HTTP/1.1 does anyway.
        var options = text.Split(',', StringSplitOptions.TrimEntries).Where(option => !option.Equals(KeepAlive, StringComparison.OrdinalIgnoreCase)).ToList();
        if (options.Exists(option => option.Equals("close", StringComparison.OrdinalIgnoreCase) || option.Equals("upgrade", StringComparison.OrdinalIgnoreCase)))
        {
            options.Add(KeepAlive);
        }

        return string.Join(", ", options);
    }
}
