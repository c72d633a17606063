using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Storage;

/// <summary>Whether the vault can serve: the database answers, the key ring opens its canaries, every row was authentic, and what others change is heard of.</summary>
public sealed class StorageHealth(StartRows rows, VaultKeyRing ring, UpToDate upToDate, RowFaults faults, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>How many rows were left out because they are not authentic.</summary>
    public int Problems => faults.Count;

    /// <summary>Checks now; a database that hasn't answered within three seconds can't be reached.</summary>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        if (Problems > 0 || upToDate.IsDoubtful || !ring.OpensCanaries())
        {
            return false;
        }

        try
        {
            // To take a question back takes as long again where the server is silent: nobody waits for that.
            return await OpensAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> OpensAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            // As they are now, not as they were when they were loaded: a row that was damaged since would end the next start.
            var keys = await rows.VaultKeysAsync(either.Token);
            return keys.Count > 0 && keys.TrueForAll(row => ring.Opens(StoredVaultKeys.Of(row)));
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception) || UndecodableRows.IsOne(exception) || limit.IsCancellationRequested)
        {
            return false;
        }
    }
}
