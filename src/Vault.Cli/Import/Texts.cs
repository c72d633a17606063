namespace Vault.Cli.Import;

/// <summary>Labels and descriptions, as long as the vault takes them.</summary>
internal static class Texts
{
    /// <summary>A label.</summary>
    public static string? Label(string? text) => Cut(text, 255);

    /// <summary>A description.</summary>
    public static string? Description(string? text) => Cut(text, 4000);

    private static string? Cut(string? text, int length)
    {
        if (text is null || text.Length <= length)
        {
            return text;
        }

        // Never between the halves of a character.
        return text[..(char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1)] + "…";
    }
}
