using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>A node of a parsed field. Immutable.</summary>
internal abstract class MergeExpression
{
    /// <summary>Whether it is known before resolving that the value is a blob.</summary>
    public virtual bool IsBlob => false;

    /// <summary>Computes the value.</summary>
    public abstract Result<MergeValue> Evaluate(EvaluationContext context);
}
