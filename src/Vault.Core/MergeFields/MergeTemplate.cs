using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>A text with fields, compiled. Immutable and safe for use by many threads.</summary>
public sealed class MergeTemplate
{
    private MergeTemplate(string text) => Text = text;

    /// <summary>The text as written.</summary>
    public string Text { get; }

    /// <summary>Whether there is any field in it.</summary>
    public bool HasFields => throw new NotImplementedException();

    /// <summary>Every reference of every field, in order.</summary>
    public IReadOnlyList<MergeReference> References => throw new NotImplementedException();

    /// <summary>Compiles a text; <c>merge-field-invalid</c> with line and column where a field can't be parsed.</summary>
    public static Result<MergeTemplate> Parse(string text) => throw new NotImplementedException();

    /// <summary>The first reference that the scope refuses, or null.</summary>
    public VaultError? Check(IMergeScope scope) => throw new NotImplementedException();

    /// <summary>Prepares every reference; the first failure, or null.</summary>
    public ValueTask<VaultError?> PrepareAsync(IMergeScope scope, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The text with every field filled in.</summary>
    /// <param name="scope">Checked and prepared.</param>
    /// <param name="escaping">For results.</param>
    /// <param name="escapeLiterals">Whether the text around the fields is escaped too (a form value, a JSON string written by an admin).</param>
    public Result<MergeOutput> Resolve(IMergeScope scope, MergeEscaping escaping, bool escapeLiterals = false) => throw new NotImplementedException();
}

/// <summary>A resolved template.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsSecret">Whether a secret went into it.</param>
public readonly record struct MergeOutput(string Text, bool IsSecret)
{
    /// <summary>Never the text itself.</summary>
    public override string ToString() => "***";
}
