using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Changes;

/// <summary>A change under way: what the snapshots will be, and the database transaction that goes with it.</summary>
internal sealed class Draft(VaultDbContext database, DefinitionSnapshot definitions, AccessSnapshot access, DateTimeOffset now)
{
    public VaultDbContext Database => database;

    public DefinitionSnapshot Definitions { get; set; } = definitions;

    public AccessSnapshot Access { get; set; } = access;

    /// <summary>One clock reading for the whole change.</summary>
    public DateTimeOffset Now => now;

    /// <summary>External credentials whose secrets and tokens in memory are to be forgotten.</summary>
    public HashSet<Guid> Evicted { get; } = [];
}
