namespace Vault.Core.MergeFields.Expressions;

/// <summary>What evaluation needs from outside.</summary>
/// <param name="Scope">What references mean.</param>
/// <param name="Escaping">Where the field lands.</param>
internal readonly record struct EvaluationContext(IMergeScope Scope, MergeEscaping Escaping);
