namespace Vault.Core.Primitives;

/// <summary>The id of a user of a per-user principal: 1 to 256 printable ASCII characters; contract section 9.</summary>
public static class UserName
{
    private const int MaxLength = 256;

    /// <summary>Whether a text may be one.</summary>
    public static bool IsLegal(string text) => text.Length is > 0 and <= MaxLength && text.All(c => c is >= ' ' and <= '~') && text.Trim().Length == text.Length;
}
