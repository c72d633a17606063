using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Scopes;

/// <summary>
/// Shows what another scope gives without any parameter or token: also those whose echo is not redacted are write-only. A token that isn't
/// there is shown as if it were.
/// </summary>
/// <param name="scope">The other scope.</param>
/// <param name="masksValues">Whether single values are masks too, for what is put together without a template.</param>
public sealed class MaskedScope(IMergeScope scope, bool masksValues = false) : IMergeMask
{
    /// <summary>What a mask begins with.</summary>
    internal const string Dots = "••••••";

    /// <summary>The mask of a name.</summary>
    public static string MaskOf(string name) => $"{Dots}({name})";

    /// <summary>Whether a reference gives a parameter or token, or something made of one.</summary>
    public static bool Hides(MergeReference reference) => reference.Kind switch
    {
        MergeReferenceKind.Token => true,
        MergeReferenceKind.Credential => !"Endpoint".Equals(reference.Qualifier, StringComparison.OrdinalIgnoreCase)
            && !reference.Name.Equals("Body", StringComparison.OrdinalIgnoreCase)
            && !reference.Name.Equals("AuthorizationMethod", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    /// <inheritdoc />
    public MergeWork? Work => scope.Work;

    /// <inheritdoc />
    public string Mask(IReadOnlyList<MergeReference> references) =>
        MaskOf(string.Join(", ", references
            .Where(reference => reference.Kind is MergeReferenceKind.Credential or MergeReferenceKind.Token)
            .Select(NameOf)
            .Distinct(StringComparer.OrdinalIgnoreCase)));

    /// <inheritdoc />
    public string NameOf(MergeReference reference) => scope.NameOf(reference);

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
            return scope.Check(reference) is null ? MergeValue.OfText(MaskOf(NameOf(reference)), isSecret: true) : value;
        }

        var isSecret = value.Value.IsSecret || Hides(reference);
        return masksValues && isSecret ? MergeValue.OfText(MaskOf(NameOf(reference)), isSecret: true) : value.Value with { IsSecret = isSecret };
    }

    /// <inheritdoc />
    public void OnSecretProduced(ReadOnlySpan<byte> utf8)
    {
        // Nothing is sent, so nothing can be echoed.
    }
}
