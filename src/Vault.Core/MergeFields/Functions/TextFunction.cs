using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary>A function that makes text of one text.</summary>
internal abstract class TextFunction : MergeFunction
{
    private static readonly MergeParameter[] OneText = [new("text")];

    public sealed override IReadOnlyList<MergeParameter> Parameters => OneText;

    public sealed override Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping) =>
        MergeValue.OfText(Apply(arguments[0].Text ?? "", escaping), false);

    protected abstract string Apply(string text, MergeEscaping escaping);
}
