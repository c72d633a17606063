using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Changes;

/// <summary>A change under way: what the snapshots will be, and the database transaction that goes with it.</summary>
internal sealed class Draft(VaultDbContext database, DefinitionSnapshot definitions, AccessSnapshot access, DateTimeOffset now)
{
    public VaultDbContext Database => database;

    public DefinitionSnapshot Definitions { get; set; } = definitions;

    /// <summary>The definitions as they were.</summary>
    public DefinitionSnapshot Before { get; } = definitions;

    public AccessSnapshot Access { get; set; } = access;

    /// <summary>One clock reading for the whole change.</summary>
    public DateTimeOffset Now => now;

    /// <summary>Tokens that this change takes out of use; their services are told once it is in force.</summary>
    public List<EndedTokens> Ended { get; } = [];

    /// <summary>What other replicas have to read anew. Rows that the context saves are added by themselves; what a statement deletes is not.</summary>
    public HashSet<Changed> Changed { get; } = [];

    /// <summary>What else comes into force once the change is durable, before its answer is sent.</summary>
    public List<Action> InForce { get; } = [];

    /// <summary>Secret values that this change removes or sets by the way: each has a record beside that of the change.</summary>
    public List<WrittenPart> Besides { get; } = [];

    /// <summary>External credentials whose secrets and tokens in memory are to be forgotten.</summary>
    public HashSet<Guid> Evicted { get; } = [];
}

/// <summary>Tokens that go out of use, and the secrets they were got with, as they were before; all still sealed.</summary>
/// <param name="Credential">The external credential, as it was.</param>
/// <param name="Secrets">The current secrets.</param>
/// <param name="Tokens">The current tokens.</param>
/// <param name="Definitions">All definitions, as they were: the named credential of a token may go with it.</param>
internal sealed record EndedTokens(ExternalCredential Credential, IReadOnlyList<SecretRow> Secrets, IReadOnlyList<TokenRow> Tokens, DefinitionSnapshot Definitions);
