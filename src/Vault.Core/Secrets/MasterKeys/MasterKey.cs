using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>The master key in force; set once at start, before anything is opened.</summary>
internal sealed class MasterKey
{
    private byte[]? _ringKey;
    private byte[]? _backupKey;

    /// <summary>Takes the master key; only what is derived from it is kept.</summary>
    public void Set(ReadOnlySpan<byte> key) => (_ringKey, _backupKey) = (Derive(key, [], CryptographicLabels.RingKey), Derive(key, [], CryptographicLabels.BackupKey));

    /// <summary>The key that encrypts the key ring.</summary>
    public ReadOnlySpan<byte> RingKey => _ringKey ?? throw NotLoaded();

    /// <summary>The key of one backup.</summary>
    /// <param name="salt">Random, of that backup alone.</param>
    public byte[] BackupKey(ReadOnlySpan<byte> salt) => Derive(_backupKey ?? throw NotLoaded(), salt, CryptographicLabels.BackupKey);

    private static byte[] Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, string label)
    {
        var derived = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt, Encoding.UTF8.GetBytes(label));
        return derived;
    }

    private static InvalidOperationException NotLoaded() => new("The master key was not loaded.");
}
