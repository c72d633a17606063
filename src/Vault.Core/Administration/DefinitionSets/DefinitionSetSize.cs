using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>How much one document may change: while one is applied, nobody else changes anything.</summary>
internal static class DefinitionSetSize
{
    private const int MostEntries = 5_000;
    private const int MostPrincipals = 10_000;

    /// <summary>Why a document is too large; null where it isn't.</summary>
    public static VaultError? Judge(DefinitionSet set)
    {
        var (external, apps) = (set.ExternalCredentials ?? [], set.Apps ?? []);
        var entries = external.Count + (set.NamedCredentials?.Count ?? 0) + apps.Count + apps.Sum(app => (long)(app?.Grants?.Count ?? 0));
        if (entries > MostEntries)
        {
            return new VaultError(ErrorCodes.BodyTooLarge, $"The document has {entries} entries and grants; {MostEntries} is the most. Apply it in parts.");
        }

        var principals = external.Sum(entry => (long)(entry?.Principals?.Count ?? 0));
        return principals > MostPrincipals
            ? new VaultError(ErrorCodes.BodyTooLarge, $"The document has {principals} principals; {MostPrincipals} is the most. Apply it in parts.")
            : null;
    }
}
