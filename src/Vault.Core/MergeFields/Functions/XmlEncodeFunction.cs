using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>XMLENCODE(text)</c>: as XML text.</summary>
internal sealed class XmlEncodeFunction : TextFunction
{
    public override string Name => "XMLENCODE";

    public override bool Replaces(MergeEscaping escaping) => escaping is MergeEscaping.Html or MergeEscaping.Xml;

    protected override string Apply(string text, MergeEscaping escaping) => MarkupText.EscapeXml(text);
}
