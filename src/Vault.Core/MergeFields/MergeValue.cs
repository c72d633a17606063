namespace Vault.Core.MergeFields;

/// <summary>What a reference or an expression stands for: text, or a blob (bytes that are not text).</summary>
/// <param name="Text">The text; null for a blob.</param>
/// <param name="Blob">The bytes; null for text.</param>
/// <param name="IsSecret">Whether it is, or was made of, something that answers must not echo.</param>
public readonly record struct MergeValue(string? Text, byte[]? Blob, bool IsSecret)
{
    /// <summary>How many characters, or bytes.</summary>
    public int Length => Text?.Length ?? Blob?.Length ?? 0;

    /// <summary>A text value.</summary>
    public static MergeValue OfText(string text, bool isSecret) => new(text, null, isSecret);

    /// <summary>A blob value.</summary>
    public static MergeValue OfBlob(byte[] blob, bool isSecret) => new(null, blob, isSecret);

    /// <summary>Never the value itself.</summary>
    public override string ToString() => "***";
}
