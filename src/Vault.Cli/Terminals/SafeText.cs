using System.Globalization;
using System.Text;

namespace Vault.Cli.Terminals;

/// <summary>Text of others, made fit for a terminal: what stands in a label or an answer can't steer it, nor look like something else.</summary>
internal static class SafeText
{
    /// <summary>Without control characters and those that no one sees or that turn the direction; line breaks stay where <paramref name="keepsLines"/>.</summary>
    public static string Of(string? text, bool keepsLines = false) => text is null || !text.EnumerateRunes().Any(IsUnfit)
        ? text ?? ""
        : string.Concat(text.EnumerateRunes().Select(rune => IsUnfit(rune) && !(keepsLines && rune.Value is '\n' or '\t') ? "·" : rune.ToString()));

    private static bool IsUnfit(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
