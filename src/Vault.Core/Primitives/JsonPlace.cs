using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Core.Primitives;

/// <summary>Writes where something stands in JSON, as a normalized path (RFC 9535 section 2.7), save that plain names stand behind a dot.</summary>
public static partial class JsonPlace
{
    /// <summary>The path of a property of the object at a path.</summary>
    /// <param name="path">The object's, as in <c>$.authentication</c>.</param>
    /// <param name="name">Any name at all.</param>
    public static string Below(string path, string name) => PlainName().IsMatch(name) ? $"{path}.{name}" : $"{path}['{Escape(name)}']";

    private static string Escape(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            _ = c switch
            {
                '\'' or '\\' => escaped.Append('\\').Append(c),
                '\b' => escaped.Append("\\b"),
                '\t' => escaped.Append("\\t"),
                '\n' => escaped.Append("\\n"),
                '\f' => escaped.Append("\\f"),
                '\r' => escaped.Append("\\r"),
                < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex PlainName();
}
