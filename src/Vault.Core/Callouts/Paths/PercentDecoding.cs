using System.Text;

namespace Vault.Core.Callouts.Paths;

/// <summary>Percent-decoding that refuses what others repair.</summary>
internal static class PercentDecoding
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The text decoded once; null at a malformed escape or bytes that aren't UTF-8.</summary>
    public static string? Decode(string text) => Decode(text, Strict, keepMalformed: false);

    /// <summary>The text decoded once, with malformed escapes left as they are; null at bytes that aren't UTF-8.</summary>
    public static string? DecodeAgain(string text) => Decode(text, Strict, keepMalformed: true);

    /// <summary>The text decoded once, whatever it holds.</summary>
    public static string DecodeLoosely(string text) => Decode(text, Encoding.UTF8, keepMalformed: true) ?? text;

    private static string? Decode(string text, Encoding encoding, bool keepMalformed)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange((char)0, (char)0x7F) < 0 && !text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        try
        {
            var bytes = encoding.GetBytes(text);
            var count = 0;
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] != '%')
                {
                    bytes[count++] = bytes[i];
                    continue;
                }

                if (i + 2 >= bytes.Length || !char.IsAsciiHexDigit((char)bytes[i + 1]) || !char.IsAsciiHexDigit((char)bytes[i + 2]))
                {
                    if (!keepMalformed)
                    {
                        return null;
                    }

                    bytes[count++] = bytes[i];
                    continue;
                }

                bytes[count++] = (byte)((Nibble(bytes[i + 1]) << 4) | Nibble(bytes[i + 2]));
                i += 2;
            }

            return encoding.GetString(bytes, 0, count);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static int Nibble(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
