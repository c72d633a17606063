using System.Security.Cryptography;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>What the database says of the master key: which one it is, and the key itself where a provider wraps it.</summary>
internal static class MasterKeyFacts
{
    /// <summary>The check value.</summary>
    public const string CheckValue = "master-key-check-value";

    /// <summary>What the provider gave to be kept.</summary>
    public const string Kept = "master-key-kept";

    /// <summary>The rows of a key.</summary>
    public static IEnumerable<VaultFactRow> Of(NewMasterKey made)
    {
        yield return new VaultFactRow { Name = CheckValue, Value = KeyCheckValue.Of(made.Key, "master") };
        if (made.Kept is { } kept)
        {
            yield return new VaultFactRow { Name = Kept, Value = kept };
        }
    }

    /// <summary>Whether a key is the one of the check value.</summary>
    public static bool IsOf(byte[] key, VaultFactRow checkValue) => CryptographicOperations.FixedTimeEquals(checkValue.Value, KeyCheckValue.Of(key, "master"));
}
