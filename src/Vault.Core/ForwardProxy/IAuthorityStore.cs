namespace Vault.Core.ForwardProxy;

/// <summary>Where the certificate authority is kept, sealed, for all replicas.</summary>
public interface IAuthorityStore
{
    /// <summary>The sealed authority; null: none was made yet.</summary>
    Task<byte[]?> FindAsync(CancellationToken cancellationToken);

    /// <summary>Keeps another one if what is kept is still what was read; false: somebody was faster.</summary>
    /// <param name="before">What was read; null: nothing was there.</param>
    /// <param name="after">What is to be kept.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<bool> TryReplaceAsync(byte[]? before, byte[] after, CancellationToken cancellationToken);
}
