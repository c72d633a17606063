using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary>A function that writes one blob as text.</summary>
internal abstract class BlobTextFunction : MergeFunction
{
    private static readonly MergeParameter[] OneBlob = [new("blob", IsBlob: true)];

    public sealed override IReadOnlyList<MergeParameter> Parameters => OneBlob;

    public sealed override Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping) =>
        MergeValue.OfText(Write(arguments[0].Blob), false);

    protected abstract string Write(ReadOnlySpan<byte> blob);
}
