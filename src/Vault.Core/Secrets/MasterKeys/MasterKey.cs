using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>The master key in force; set once at start, before anything is opened.</summary>
internal sealed class MasterKey
{
    private byte[]? _ringKey;

    /// <summary>Takes the master key; only what is derived from it is kept.</summary>
    public void Set(ReadOnlySpan<byte> key)
    {
        var ringKey = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, ringKey, salt: [], info: Encoding.UTF8.GetBytes(CryptographicLabels.RingKey));
        _ringKey = ringKey;
    }

    /// <summary>The key that encrypts the key ring.</summary>
    public ReadOnlySpan<byte> RingKey => _ringKey ?? throw new InvalidOperationException("The master key was not loaded.");
}
