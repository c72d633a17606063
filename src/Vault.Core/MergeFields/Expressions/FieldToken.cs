namespace Vault.Core.MergeFields.Expressions;

/// <summary>A token of a field.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text, or what is wrong with it.</param>
internal readonly record struct FieldToken(FieldTokenKind Kind, string Text = "");
