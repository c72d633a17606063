using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>A string written in the field.</summary>
internal sealed class LiteralExpression(string text) : MergeExpression
{
    public string Text => text;

    public override Result<MergeValue> Evaluate(EvaluationContext context) => MergeValue.OfText(text, false);
}
