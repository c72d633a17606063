using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.Authentication.Signing;

/// <summary>Text of a URL or form in the one spelling that is signed: its bytes, which needn't be UTF-8, escaped as RFC 3986 wants it.</summary>
internal static class EscapedBytes
{
    /// <summary>Decodes once and escapes what isn't unreserved.</summary>
    /// <param name="text">As it is sent; beyond ASCII it is a string of bytes.</param>
    /// <param name="plusIsSpace">Whether <c>+</c> stands for a space, as in forms.</param>
    public static string Normalize(string text, bool plusIsSpace)
    {
        var bytes = new byte[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var isEscape = text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]);
            bytes[count++] = isEscape ? Convert.FromHexString(text.AsSpan(i + 1, 2))[0] : plusIsSpace && text[i] == '+' ? (byte)' ' : (byte)text[i];
            i += isEscape ? 2 : 0;
        }

        return PercentText.Escape(bytes.AsSpan(0, count));
    }
}
