using System.Security.Cryptography;
using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Secrets;

/// <summary>Authenticates what the database holds in the clear (key hashes, grants, definitions), so that writing to the database makes no admin.</summary>
public sealed class IntegrityKey(VaultKeyRing ring) : IDisposable
{
    // To begin with the key anew for each message costs more than the message: one that is done serves the next of the same thread, mostly.
    private readonly IncrementalHash?[] _spares = new IncrementalHash?[8];

    /// <summary>HMAC-SHA-256 over the label and the length-prefixed parts.</summary>
    /// <param name="label">What is authenticated; a constant of <see cref="CryptographicLabels"/>.</param>
    /// <param name="parts">In a fixed order.</param>
    public byte[] Mac(string label, params IReadOnlyList<byte[]> parts)
    {
        var message = LengthPrefixed.Begin(label);
        foreach (var part in parts)
        {
            message.Add(part);
        }

        return Mac(message);
    }

    /// <summary>HMAC-SHA-256 over a message that begins with its label; ends the message.</summary>
    public byte[] Mac(LengthPrefixed message)
    {
        var mac = new byte[HMACSHA256.HashSizeInBytes];
        Mac(message, mac);
        return mac;
    }

    /// <summary>The same, into 32 bytes.</summary>
    public void Mac(LengthPrefixed message, Span<byte> mac)
    {
        // Whoever finds none makes one. After an exception it is nobody's, so that no half message is left in it.
        ref var spare = ref _spares[Environment.CurrentManagedThreadId % _spares.Length];
        var hmac = Interlocked.Exchange(ref spare, null) ?? IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, ring.IntegrityKey);
        message.HmacSha256(hmac, mac);
        Interlocked.Exchange(ref spare, hmac)?.Dispose();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        for (var index = 0; index < _spares.Length; index++)
        {
            Interlocked.Exchange(ref _spares[index], null)?.Dispose();
        }
    }
}
