namespace Vault.Cli.Terminals;

/// <summary>Text of others, made fit for a terminal: what stands in a label or an answer can't steer it.</summary>
internal static class SafeText
{
    /// <summary>Without control characters; line breaks stay where <paramref name="keepsLines"/>.</summary>
    public static string Of(string? text, bool keepsLines = false) => text is null || !text.Any(char.IsControl)
        ? text ?? ""
        : string.Concat(text.Select(character => char.IsControl(character) && !(keepsLines && character is '\n' or '\t') ? '·' : character));
}
