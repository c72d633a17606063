using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Scopes;

/// <summary>Shows what another scope gives without its secrets; a token that isn't there is shown as if it were.</summary>
/// <param name="scope">The other scope.</param>
/// <param name="masksValues">Whether single values are masks too, for what is put together without a template.</param>
public sealed class MaskedScope(IMergeScope scope, bool masksValues = false) : IMergeMask
{
    private const string Dots = "••••••";

    /// <summary>The mask of a name.</summary>
    public static string MaskOf(string name) => $"{Dots}({name})";

    /// <inheritdoc />
    public string Mask(IReadOnlyList<MergeReference> references) =>
        MaskOf(string.Join(", ", references
            .Where(reference => reference.Kind is MergeReferenceKind.Credential or MergeReferenceKind.Token)
            .Select(reference => reference.Name)
            .Distinct(StringComparer.OrdinalIgnoreCase)));

    /// <inheritdoc />
    public VaultError? Check(MergeReference reference) => scope.Check(reference);

    /// <inheritdoc />
    public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) => ValueTask.FromResult<VaultError?>(null);

    /// <inheritdoc />
    public Result<MergeValue> Resolve(MergeReference reference)
    {
        var value = scope.Resolve(reference);
        if (!value.IsOk)
        {
            return scope.Check(reference) is null ? MergeValue.OfText(MaskOf(reference.Name), isSecret: true) : value;
        }

        return masksValues && value.Value.IsSecret ? MergeValue.OfText(MaskOf(reference.Name), isSecret: true) : value;
    }

    /// <inheritdoc />
    public void OnSecretProduced(ReadOnlySpan<byte> utf8)
    {
        // Nothing is sent, so nothing can be echoed.
    }
}
