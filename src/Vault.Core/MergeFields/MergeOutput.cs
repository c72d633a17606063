namespace Vault.Core.MergeFields;

/// <summary>A resolved template.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsSecret">Whether a secret went into it.</param>
public readonly record struct MergeOutput(string Text, bool IsSecret)
{
    /// <summary>Never the text itself.</summary>
    public override string ToString() => "***";
}
