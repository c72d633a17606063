using Vault.Core.MergeFields.Escaping;

namespace Vault.Core.MergeFields.Functions;

/// <summary>
/// <c>JSENCODE(text)</c>: as the content of a JavaScript string. In a JSON body it is JSONENCODE, since <c>\'</c> is not JSON.
/// </summary>
internal sealed class JsEncodeFunction : TextFunction
{
    public override string Name => "JSENCODE";

    public override bool Replaces(MergeEscaping escaping) => escaping is MergeEscaping.Json;

    protected override string Apply(string text, MergeEscaping escaping) =>
        escaping is MergeEscaping.Json ? JsonText.Escape(text) : JsonText.EscapeForScript(text);
}
