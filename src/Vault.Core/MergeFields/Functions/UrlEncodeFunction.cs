using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>URLENCODE(text)</c>: percent-encoded, RFC 3986.</summary>
internal sealed class UrlEncodeFunction : TextFunction
{
    public override string Name => "URLENCODE";

    public override bool Replaces(MergeEscaping escaping) => escaping is MergeEscaping.Form or MergeEscaping.Percent;

    protected override string Apply(string text, MergeEscaping escaping) => PercentText.Escape(text);
}
