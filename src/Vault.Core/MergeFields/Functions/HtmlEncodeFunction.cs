using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>HTMLENCODE(text)</c>: as HTML text.</summary>
internal sealed class HtmlEncodeFunction : TextFunction
{
    public override string Name => "HTMLENCODE";

    public override bool Replaces(MergeEscaping escaping) => escaping is MergeEscaping.Html or MergeEscaping.Xml;

    protected override string Apply(string text, MergeEscaping escaping) => MarkupText.EscapeHtml(text);
}
