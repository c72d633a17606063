using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>BLOB(text)</c>: the UTF-8 of a text.</summary>
internal sealed class BlobFunction : MergeFunction
{
    public override string Name => "BLOB";

    public override IReadOnlyList<MergeParameter> Parameters { get; } = [new("text")];

    public override bool ReturnsBlob => true;

    public override Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping) =>
        MergeValue.OfBlob(Encoding.UTF8.GetBytes(arguments[0].Text ?? ""), false);
}
