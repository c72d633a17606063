using System.Buffers;
using System.Text;

namespace Vault.Core.MergeFields.Escaping;

/// <summary>RFC 3986 percent-encoding; also right for form values, since every form parser reads <c>%20</c> as a space.</summary>
internal static class PercentText
{
    private const string HexDigits = "0123456789ABCDEF";

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    /// <summary>Unreserved characters stay, the rest becomes upper-case <c>%XX</c> of UTF-8.</summary>
    public static string Escape(string text) => Escape(Encoding.UTF8.GetBytes(text));

    /// <summary>The same for text that is already in the charset in which it is to be sent.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var result = new StringBuilder(bytes.Length + 16);
        foreach (var b in bytes)
        {
            if (Unreserved.Contains(b))
            {
                result.Append((char)b);
            }
            else
            {
                result.Append('%').Append(HexDigits[b >> 4]).Append(HexDigits[b & 0xF]);
            }
        }

        return result.ToString();
    }
}
