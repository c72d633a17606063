using System.Text;
using Vault.Core.MergeFields.Expressions;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>One compiled field and where it stands.</summary>
internal sealed class MergeField(MergeExpression root, IReadOnlyList<MergeReference> references, int signatures, TextPosition at)
{
    /// <summary>What it refers to, in order.</summary>
    public IReadOnlyList<MergeReference> References => references;

    /// <summary>How often it signs.</summary>
    public int Signatures => signatures;

    /// <summary>Where it opens.</summary>
    public TextPosition At => at;

    /// <summary>What to call it in messages.</summary>
    public string Name => NameOf(root);

    /// <summary>The message for an expression that gives a blob where the field ends.</summary>
    public static string BlobProblem(MergeExpression root) =>
        $"{NameOf(root)} gives a blob; write it as text with HEX, BASE64ENCODE or BASE64URLENCODE";

    /// <summary>The first reference that the scope refuses, with the place; or null.</summary>
    public VaultError? Check(IMergeScope scope)
    {
        foreach (var reference in references)
        {
            if (scope.Check(reference) is { } error)
            {
                return MergeErrors.At(error, at);
            }
        }

        return null;
    }

    /// <summary>Prepares every reference; the first failure, or null. It is about what was fetched, not about this text, and so without the place.</summary>
    public async ValueTask<VaultError?> PrepareAsync(IMergeScope scope, CancellationToken cancellationToken)
    {
        foreach (var reference in references)
        {
            if (await scope.PrepareAsync(reference, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>The value, and whether it is still to be escaped.</summary>
    public Result<FieldResult> Resolve(IMergeScope scope, MergeEscaping escaping)
    {
        var value = root.Evaluate(new EvaluationContext(scope, escaping));
        if (!value.IsOk)
        {
            return MergeErrors.At(value.Error, at);
        }

        if (value.Value.Text is not { } text)
        {
            return MergeErrors.Invalid(BlobProblem(root), at);
        }

        var outermost = (root as CallExpression)?.Function;
        if (value.Value.IsSecret)
        {
            if (outermost is null)
            {
                // A call has told of its own result.
                scope.OnSecretProduced(Encoding.UTF8.GetBytes(text));
            }

            if (scope is IMergeMask mask)
            {
                return new FieldResult(mask.Mask(references), true, MergeEscaping.None);
            }
        }

        return new FieldResult(text, value.Value.IsSecret, outermost?.Replaces(escaping) == true ? MergeEscaping.None : escaping);
    }

    private static string NameOf(MergeExpression root) => root switch
    {
        ReferenceExpression reference => reference.Reference.ToString(),
        CallExpression call => call.Function.Name + "(…)",
        _ => "an expression with &",
    };
}
