namespace Vault.Core.Primitives;

/// <summary>The id of a user of a per-user principal: 1 to 256 printable ASCII characters (contract section 9), no blank at its ends, where headers lose them.</summary>
public static class UserName
{
    /// <summary>What an id is, to be told to whoever sent something else.</summary>
    public const string Rule = "1 to 256 printable ASCII characters, no blank at its ends";

    private const int MaxLength = 256;

    /// <summary>Whether a text may be one.</summary>
    public static bool IsLegal(string text) => text.Length is > 0 and <= MaxLength && text.All(c => c is >= ' ' and <= '~') && text.Trim().Length == text.Length;
}
