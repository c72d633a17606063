using System.Text;
using System.Text.Json;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>How a parameter of a document compares with what is set.</summary>
internal enum ComparisonOutcome
{
    /// <summary>It is so already.</summary>
    Same,

    /// <summary>It is another, or isn't set, or goes.</summary>
    Different,

    /// <summary>Both are values, and none may be compared yet.</summary>
    Undetermined,
}

/// <summary>What came of a comparison.</summary>
/// <param name="Outcome">How they compare.</param>
/// <param name="Before">What is referred to now; null: nothing, or a value is set.</param>
/// <param name="After">What will be.</param>
internal readonly record struct ComparisonResult(ComparisonOutcome Outcome, JsonElement? Before, JsonElement? After);

/// <summary>Compares parameters of a document with those that are set.</summary>
internal sealed class SecretComparison(SecretSealer sealer)
{
    /// <summary>Compares one.</summary>
    /// <param name="stored">A value, the stored form of a reference, or null: it is to go.</param>
    /// <param name="row">What is set; null: nothing.</param>
    /// <param name="credential">Whose it is, as it is sealed.</param>
    /// <param name="isRehearsal">Whether values aren't compared.</param>
    public ComparisonResult Compare(string? stored, SecretRow? row, BoundCredential credential, bool isRehearsal)
    {
        var will = ReferenceIn(stored);
        if (row is null)
        {
            return new(stored is null ? ComparisonOutcome.Same : ComparisonOutcome.Different, null, will?.ToJson());
        }

        // What can't be opened is set anew.
        var opened = sealer.Open(SecretChanges.Place(row, credential.Binding), row.Sealed);
        using var current = opened.IsOk ? opened.Value : null;
        var was = current is null ? null : SecretReference.TryRead(current.RevealUtf8());
        var outcome = (stored, was, will) switch
        {
            (null, _, _) => ComparisonOutcome.Different,
            (_, null, null) when isRehearsal => ComparisonOutcome.Undetermined,
            (_, null, null) => current is not null && SecretChanges.IsSame(stored, current) ? ComparisonOutcome.Same : ComparisonOutcome.Different,
            _ => was == will ? ComparisonOutcome.Same : ComparisonOutcome.Different,
        };
        return new(outcome, was?.ToJson(), will?.ToJson());
    }

    /// <summary>What a parameter that is set refers to, as it stands in a document; null where it is a value.</summary>
    public JsonElement? ReferenceIn(SecretRow row, BoundCredential credential)
    {
        var opened = sealer.Open(SecretChanges.Place(row, credential.Binding), row.Sealed);
        using var current = opened.IsOk ? opened.Value : null;
        return current is null ? null : SecretReference.TryRead(current.RevealUtf8())?.ToJson();
    }

    private static SecretReference? ReferenceIn(string? stored) =>
        SecretReference.IsStored(stored) ? SecretReference.TryRead(Encoding.UTF8.GetBytes(stored ?? "")) : null;
}
