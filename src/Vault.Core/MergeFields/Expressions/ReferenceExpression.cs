using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>A name whose value the scope knows.</summary>
internal sealed class ReferenceExpression(MergeReference reference) : MergeExpression
{
    public MergeReference Reference => reference;

    /// <summary>Only <c>$Credential.Body</c> is bytes; the name is reserved, so that no parameter can be meant.</summary>
    public override bool IsBlob => reference.Kind is MergeReferenceKind.Credential
        && string.Equals(reference.Name, "Body", StringComparison.OrdinalIgnoreCase);

    public override Result<MergeValue> Evaluate(EvaluationContext context) => context.Scope.Resolve(reference);
}
