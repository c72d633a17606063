using System.Buffers;
using System.Globalization;
using System.Text;

namespace Vault.Core.MergeFields.Escaping;

/// <summary>Text as the content of a JSON or JavaScript string, without the quotes around it.</summary>
internal static class JsonText
{
    private static readonly SearchValues<char> JsonSpecial = SearchValues.Create(ControlsAnd("\"\\"));

    private static readonly SearchValues<char> ScriptSpecial = SearchValues.Create(ControlsAnd("\"\\'<>"));

    /// <summary><c>\"</c>, <c>\\</c> and U+0000–001F, nothing else.</summary>
    public static string Escape(string text) => Escape(text, JsonSpecial);

    /// <summary>The same and <c>\'</c>, <c>\u003C</c>, <c>\u003E</c>, so that the string can stand in a script in a page.</summary>
    public static string EscapeForScript(string text) => Escape(text, ScriptSpecial);

    private static string Escape(string text, SearchValues<char> special)
    {
        var rest = text.AsSpan();
        var at = rest.IndexOfAny(special);
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16);
        for (; at >= 0; at = rest.IndexOfAny(special))
        {
            result.Append(rest[..at]);
            AppendEscape(result, rest[at]);
            rest = rest[(at + 1)..];
        }

        return result.Append(rest).ToString();
    }

    private static void AppendEscape(StringBuilder result, char c)
    {
        _ = c switch
        {
            '"' or '\\' or '\'' => result.Append('\\').Append(c),
            '\b' => result.Append("\\b"),
            '\t' => result.Append("\\t"),
            '\n' => result.Append("\\n"),
            '\f' => result.Append("\\f"),
            '\r' => result.Append("\\r"),
            _ => result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
        };
    }

    private static string ControlsAnd(string more) =>
        string.Concat(Enumerable.Range(0, 0x20).Select(c => (char)c)) + more;
}
