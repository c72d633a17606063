using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Vault keys to rows and back; they stay protected.</summary>
internal static class StoredVaultKeys
{
    /// <summary>The key of a row.</summary>
    public static StoredVaultKey Of(VaultKeyRow row) => new(row.Id, row.Purpose, row.Protected, row.CheckValue, row.Canary, row.IsActive);

    /// <summary>The row of a key.</summary>
    public static VaultKeyRow ToRow(StoredVaultKey key, DateTimeOffset now) => new()
    {
        Id = key.Id,
        Purpose = key.Purpose,
        Protected = key.Protected,
        CheckValue = key.CheckValue,
        Canary = key.Canary,
        IsActive = key.IsActive,
        CreatedAt = now,
    };
}
