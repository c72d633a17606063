using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Secrets.MasterKeys;

namespace Vault.Core.Secrets.KeyRing;

/// <summary>Encrypts the keys of the Data Protection ring: AES-256-GCM under a key derived from the master key.</summary>
internal sealed class MasterKeyXmlEncryptor(MasterKey masterKey) : IXmlEncryptor
{
    internal const int NonceSize = 12;
    internal const int TagSize = 16;

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plaintext = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[NonceSize + plaintext.Length + TagSize];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using (var aes = new AesGcm(masterKey.RingKey, TagSize))
        {
            aes.Encrypt(
                nonce, plaintext, sealedBytes.AsSpan(NonceSize, plaintext.Length), sealedBytes.AsSpan(NonceSize + plaintext.Length),
                Encoding.UTF8.GetBytes(CryptographicLabels.RingKey));
        }

        CryptographicOperations.ZeroMemory(plaintext);
        return new EncryptedXmlInfo(new XElement("encryptedKey", Convert.ToBase64String(sealedBytes)), typeof(MasterKeyXmlDecryptor));
    }
}

/// <summary>The other way; made by Data Protection from the type name in the ring.</summary>
internal sealed class MasterKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value);
        if (sealedBytes.Length < MasterKeyXmlEncryptor.NonceSize + MasterKeyXmlEncryptor.TagSize)
        {
            throw new CryptographicException("A key of the ring is truncated.");
        }

        var plaintext = new byte[sealedBytes.Length - MasterKeyXmlEncryptor.NonceSize - MasterKeyXmlEncryptor.TagSize];
        using var aes = new AesGcm(services.GetRequiredService<MasterKey>().RingKey, MasterKeyXmlEncryptor.TagSize);
        aes.Decrypt(
            sealedBytes.AsSpan(0, MasterKeyXmlEncryptor.NonceSize),
            sealedBytes.AsSpan(MasterKeyXmlEncryptor.NonceSize, plaintext.Length),
            sealedBytes.AsSpan(MasterKeyXmlEncryptor.NonceSize + plaintext.Length),
            plaintext,
            Encoding.UTF8.GetBytes(CryptographicLabels.RingKey));
        var element = XElement.Parse(Encoding.UTF8.GetString(plaintext));
        CryptographicOperations.ZeroMemory(plaintext);
        return element;
    }
}
