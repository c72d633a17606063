using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Storage;

/// <summary>Whether the vault can serve: the database answers, the key ring opens its canaries, every row was authentic, and what others change is heard of.</summary>
public sealed class StorageHealth(StartRows rows, VaultKeyRing ring, UpToDate upToDate)
{
    private int _problems;

    /// <summary>How many rows were left out because they are not authentic.</summary>
    public int Problems => Volatile.Read(ref _problems);

    /// <summary>Checks now.</summary>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        if (Problems > 0 || upToDate.IsDoubtful || !ring.OpensCanaries())
        {
            return false;
        }

        try
        {
            return (await rows.VaultKeysAsync(cancellationToken)).Count > 0;
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            return false;
        }
    }

    internal void ReportProblem() => Interlocked.Increment(ref _problems);
}
