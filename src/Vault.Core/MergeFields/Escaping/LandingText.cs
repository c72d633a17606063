namespace Vault.Core.MergeFields.Escaping;

/// <summary>Escapes by where a text lands.</summary>
internal static class LandingText
{
    public static string Escape(string text, MergeEscaping escaping) => escaping switch
    {
        MergeEscaping.None => text,
        MergeEscaping.Json => JsonText.Escape(text),
        MergeEscaping.Xml => MarkupText.EscapeXml(text),
        MergeEscaping.Html => MarkupText.EscapeHtml(text),
        MergeEscaping.Form or MergeEscaping.Percent => PercentText.Escape(text),
        _ => throw new ArgumentOutOfRangeException(nameof(escaping)),
    };
}
