using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Storage;

/// <summary>Whether the vault can serve: the database answers, the key ring opens its canaries, every row was authentic, and what others change is heard of.</summary>
public sealed class StorageHealth(StartRows rows, VaultKeyRing ring, UpToDate upToDate, RowFaults faults)
{
    /// <summary>How many rows were left out because they are not authentic.</summary>
    public int Problems => faults.Count;

    /// <summary>Checks now.</summary>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        if (Problems > 0 || upToDate.IsDoubtful || !ring.OpensCanaries())
        {
            return false;
        }

        try
        {
            // As they are now, not as they were when they were loaded: a row that was damaged since would end the next start.
            var keys = await rows.VaultKeysAsync(cancellationToken);
            return keys.Count > 0 && keys.TrueForAll(row => ring.Opens(StoredVaultKeys.Of(row)));
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception) || UndecodableRows.IsOne(exception))
        {
            return false;
        }
    }
}
