using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>
/// How far definitions and grants have been read from the database. Where there are many, a vault serves before it has read them all: until then
/// what isn't in <see cref="DefinitionCatalog"/> may exist all the same, and nothing may be made of its absence.
/// </summary>
public interface IDefinitionReading
{
    /// <summary>Whether what is in force is all that there is.</summary>
    bool IsWhole { get; }

    /// <summary>
    /// How often what is in force has become a part of what there is. Who looked for something while <see cref="IsWhole"/> was true, and found nothing,
    /// knows that there is none if this is the same afterwards as it was before.
    /// </summary>
    int Exposures { get; }

    /// <summary>Whether nothing is being read, so that a change of what is in force stays in force.</summary>
    bool IsSettled { get; }

    /// <summary>Waits, for some seconds at most, until what is in force is all that there is.</summary>
    /// <returns>Null, or why that isn't so yet.</returns>
    ValueTask<VaultError?> WholeAsync(CancellationToken cancellationToken);

    /// <summary>Waits, for some seconds at most, until changes can be made.</summary>
    /// <returns>Null, or why they can't yet.</returns>
    ValueTask<VaultError?> SettledAsync(CancellationToken cancellationToken);

    /// <summary>Puts in force what a callout is decided by, ahead of its turn: the named credential, the external one that it uses, and its grant to the app.</summary>
    /// <returns>Null: what isn't in force now doesn't exist. Or why nobody can say.</returns>
    ValueTask<VaultError?> BringAsync(DeveloperName namedCredential, Guid app, CancellationToken cancellationToken);
}
