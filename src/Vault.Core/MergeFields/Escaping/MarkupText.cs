using System.Buffers;
using System.Text;

namespace Vault.Core.MergeFields.Escaping;

/// <summary>Text as character data or attribute value of HTML or XML.</summary>
internal static class MarkupText
{
    private static readonly SearchValues<char> Special = SearchValues.Create("&<>\"'");

    /// <summary><c>&amp; &lt; &gt; " '</c>, nothing else; the apostrophe as <c>&amp;#39;</c>, which every HTML version knows.</summary>
    public static string EscapeHtml(string text) => Escape(text, "&#39;");

    /// <summary>The same, with XML's own <c>&amp;apos;</c>.</summary>
    public static string EscapeXml(string text) => Escape(text, "&apos;");

    private static string Escape(string text, string apostrophe)
    {
        var rest = text.AsSpan();
        var at = rest.IndexOfAny(Special);
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16);
        for (; at >= 0; at = rest.IndexOfAny(Special))
        {
            result.Append(rest[..at]).Append(rest[at] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ => apostrophe,
            });
            rest = rest[(at + 1)..];
        }

        return result.Append(rest).ToString();
    }
}
