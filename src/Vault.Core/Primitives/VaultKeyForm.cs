using System.Text.RegularExpressions;

namespace Vault.Core.Primitives;

/// <summary>Finds what has the form of a vault key (contract section 2) in text that may hold anything.</summary>
public static partial class VaultKeyForm
{
    private const string Prefix = "vk_";

    /// <summary>Whether a whole key stands in it.</summary>
    public static bool IsIn(ReadOnlySpan<char> text) => text.Contains(Prefix, StringComparison.Ordinal) && Whole().IsMatch(text);

    /// <summary>The text with dots in the place of each key's secret part, also of a key that was cut off.</summary>
    public static string Hide(string text) => text.Contains(Prefix, StringComparison.Ordinal) ? Begun().Replace(text, "$1••••••") : text;

    [GeneratedRegex("vk_[A-Za-z0-9]{8,32}_[A-Za-z0-9_-]{32}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Whole();

    [GeneratedRegex("(vk_[A-Za-z0-9]{8,32}_)[A-Za-z0-9_-]+", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Begun();
}
