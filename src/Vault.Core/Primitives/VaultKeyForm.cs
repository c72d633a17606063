using System.Text.RegularExpressions;

namespace Vault.Core.Primitives;

/// <summary>Finds what has the form of a vault key (contract section 2) in text that may hold anything, a path with escapes too.</summary>
public static partial class VaultKeyForm
{
    /// <summary>Whether a key stands in it.</summary>
    public static bool IsIn(ReadOnlySpan<char> text) => MayBeIn(text) && Form().IsMatch(text);

    /// <summary>The text with dots in the place of each key's secret part. To be asked before a text is cut: what is left of a key has its form no more.</summary>
    public static string Hide(string text) => MayBeIn(text) ? Form().Replace(text, "$1••••••") : text;

    private static bool MayBeIn(ReadOnlySpan<char> text) => text.Contains("vk_", StringComparison.Ordinal) || text.Contains("vk%5", StringComparison.Ordinal);

    [GeneratedRegex("(vk(?:_|%5[Ff])[A-Za-z0-9]{8,32}(?:_|%5[Ff]))[A-Za-z0-9_-]{32,}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
