namespace Vault.Core.Secrets.MasterKeys;

/// <summary>Where the master key comes from. A provider is a folder here and one registration line.</summary>
public interface IMasterKeyProvider
{
    /// <summary>As in <c>Vault:MasterKey:Provider</c>.</summary>
    string Name { get; }

    /// <summary>The master key of 32 bytes, or null where there is none yet.</summary>
    /// <exception cref="VaultStartException">There is one, but it can't be used.</exception>
    Task<byte[]?> FindAsync(CancellationToken cancellationToken);

    /// <summary>Makes and keeps a master key, durably, before it is returned. Only called for a vault that holds nothing yet.</summary>
    /// <exception cref="VaultStartException">It can't be kept, or this provider makes none.</exception>
    Task<byte[]> CreateAsync(CancellationToken cancellationToken);
}
