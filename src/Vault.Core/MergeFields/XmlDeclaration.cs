using System.Text;

namespace Vault.Core.MergeFields;

/// <summary>What stands at the beginning of an XML document: <c>&lt;?xml version="1.0" encoding="ISO-8859-1"?&gt;</c>.</summary>
internal static class XmlDeclaration
{
    /// <summary>How many bytes of a document are looked at; no declaration that anybody writes is longer.</summary>
    public const int Longest = 1024;

    // In these the declaration couldn't have been read: what wrote it (.NET's StringWriter, for one) didn't know what its text would become.
    private static readonly string[] Wide = ["UTF-16", "UTF-32", "UCS-2", "UCS-4", "ISO-10646-UCS"];

    /// <summary>The encoding that it names; null where there is none, or the document begins otherwise: with a byte order mark, which comes first.</summary>
    public static string? EncodingOf(ReadOnlySpan<byte> document)
    {
        var text = document[..Math.Min(document.Length, Longest)];
        if (!text.StartsWith("<?xml"u8) || text.IndexOf("?>"u8) is not (> 0 and var end))
        {
            return null;
        }

        for (text = text[5..end]; text.Length > 0 && IsSpace(text[0]);)
        {
            text = text.Trim(" \t\r\n"u8);
            var equals = text.IndexOf((byte)'=');
            var value = text[(equals + 1)..].TrimStart(" \t\r\n"u8);
            if (equals < 0 || value.IsEmpty || value[0] is not ((byte)'"' or (byte)'\'') || value[1..].IndexOf(value[0]) is not (>= 0 and var length))
            {
                return null;
            }

            if (text[..equals].TrimEnd(" \t\r\n"u8).SequenceEqual("encoding"u8))
            {
                var name = Encoding.Latin1.GetString(value.Slice(1, length));
                return Array.Exists(Wide, family => name.StartsWith(family, StringComparison.OrdinalIgnoreCase)) ? null : name;
            }

            text = value[(length + 2)..];
        }

        return null;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
