namespace Vault.Core.MergeFields;

/// <summary>A field's value before escaping.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsSecret">Whether a secret went into it.</param>
/// <param name="Escaping">What is still to be done to it.</param>
internal readonly record struct FieldResult(string Text, bool IsSecret, MergeEscaping Escaping)
{
    /// <summary>Never the text itself.</summary>
    public override string ToString() => "***";
}
