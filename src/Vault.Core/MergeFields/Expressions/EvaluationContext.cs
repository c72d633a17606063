namespace Vault.Core.MergeFields.Expressions;

/// <summary>What evaluation needs from outside.</summary>
/// <param name="Scope">What references mean.</param>
/// <param name="Escaping">Where the field lands.</param>
/// <param name="IsDigested">Whether only a digest of the value goes on.</param>
internal readonly record struct EvaluationContext(IMergeScope Scope, MergeEscaping Escaping, bool IsDigested = false);
