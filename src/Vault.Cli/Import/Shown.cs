using System.Globalization;

namespace Vault.Cli.Import;

/// <summary>Text of a file, as a terminal may show it.</summary>
internal static class Shown
{
    /// <summary>At most so many characters, without those that steer a terminal.</summary>
    public static string Of(string text, int maxLength = 80)
    {
        var cut = text.Length > maxLength ? text[..maxLength] + "…" : text;
        return string.Concat(cut.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format ? '?' : c));
    }
}
