namespace Vault.Core.Secrets.MasterKeys;

/// <summary>Where the master key comes from. A provider is a folder here and one line in <see cref="MasterKeyProviders"/>.</summary>
public interface IMasterKeyProvider
{
    /// <summary>As in <c>Vault:MasterKey:Provider</c>.</summary>
    string Name { get; }

    /// <summary>The master key of 32 bytes, or null where there is none yet.</summary>
    /// <param name="kept">What <see cref="CreateAsync"/> gave to be kept; null: nothing is kept.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="VaultStartException">There is one, but it can't be used.</exception>
    Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken);

    /// <summary>Makes a master key. What the provider keeps itself is durable before this returns. Only called for a vault that has none yet, or that changes it.</summary>
    /// <exception cref="VaultStartException">It can't be made or kept, or this provider makes none.</exception>
    Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken);
}

/// <summary>A master key that was just made.</summary>
/// <param name="Key">32 bytes.</param>
/// <param name="Kept">What the vault keeps in its database for <see cref="IMasterKeyProvider.FindAsync"/>: the key wrapped by another one, never the key itself; null: nothing.</param>
public sealed record NewMasterKey(byte[] Key, byte[]? Kept)
{
    /// <summary>Never the key.</summary>
    public override string ToString() => nameof(NewMasterKey);
}
