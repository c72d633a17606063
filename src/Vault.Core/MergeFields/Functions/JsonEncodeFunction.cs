using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>JSONENCODE(text)</c>: as JSON string content.</summary>
internal sealed class JsonEncodeFunction : TextFunction
{
    public override string Name => "JSONENCODE";

    public override bool Replaces(MergeEscaping escaping) => escaping is MergeEscaping.Json;

    protected override string Apply(string text, MergeEscaping escaping) => JsonText.Escape(text);
}
