using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Vault.Core.Secrets.MasterKeys;

namespace Vault.Core.Secrets.KeyRing;

/// <summary>How a key of the ring is encrypted: nonce, AES-256-GCM ciphertext, tag, under the key that the master key gives.</summary>
internal static class RingKeyCipher
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    public static byte[] Encrypt(MasterKey masterKey, ReadOnlySpan<byte> plaintext)
    {
        var encrypted = new byte[NonceSize + plaintext.Length + TagSize];
        RandomNumberGenerator.Fill(encrypted.AsSpan(0, NonceSize));
        using var aes = new AesGcm(masterKey.RingKey, TagSize);
        aes.Encrypt(encrypted.AsSpan(0, NonceSize), plaintext, encrypted.AsSpan(NonceSize, plaintext.Length), encrypted.AsSpan(NonceSize + plaintext.Length), Aad);
        return encrypted;
    }

    /// <exception cref="CryptographicException">It was encrypted under another master key, or is damaged.</exception>
    public static byte[] Decrypt(MasterKey masterKey, ReadOnlySpan<byte> encrypted)
    {
        if (encrypted.Length < NonceSize + TagSize)
        {
            throw new CryptographicException("A key of the ring is truncated.");
        }

        var plaintext = new byte[encrypted.Length - NonceSize - TagSize];
        using var aes = new AesGcm(masterKey.RingKey, TagSize);
        aes.Decrypt(encrypted[..NonceSize], encrypted.Slice(NonceSize, plaintext.Length), encrypted[^TagSize..], plaintext, Aad);
        return plaintext;
    }

    /// <summary>A row of the ring, encrypted to another master key; what isn't encrypted in it (a revocation) stays as it is.</summary>
    /// <exception cref="CryptographicException">It can't be decrypted.</exception>
    public static string Move(string xml, MasterKey from, MasterKey to)
    {
        var row = XElement.Parse(xml, LoadOptions.PreserveWhitespace);
        foreach (var element in row.DescendantsAndSelf(MasterKeyXmlEncryptor.ElementName).ToArray())
        {
            var plaintext = Decrypt(from, Convert.FromBase64String(element.Value));
            var moved = Encrypt(to, plaintext);

            // What can't be read back must not take the place of what can.
            if (!CryptographicOperations.FixedTimeEquals(Decrypt(to, moved), plaintext))
            {
                throw new CryptographicException("A key of the ring could not be encrypted anew.");
            }

            element.Value = Convert.ToBase64String(moved);
            CryptographicOperations.ZeroMemory(plaintext);
        }

        return row.ToString(SaveOptions.DisableFormatting);
    }

    private static byte[] Aad => Encoding.UTF8.GetBytes(CryptographicLabels.RingKey);
}
