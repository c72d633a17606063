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
    internal const string ElementName = "encryptedKey";

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plaintext = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var element = new XElement(ElementName, Convert.ToBase64String(RingKeyCipher.Encrypt(masterKey, plaintext)));
        CryptographicOperations.ZeroMemory(plaintext);
        return new EncryptedXmlInfo(element, typeof(MasterKeyXmlDecryptor));
    }
}

/// <summary>The other way; made by Data Protection from the type name in the ring.</summary>
internal sealed class MasterKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var plaintext = RingKeyCipher.Decrypt(services.GetRequiredService<MasterKey>(), Convert.FromBase64String(encryptedElement.Value));
        var element = XElement.Parse(Encoding.UTF8.GetString(plaintext));
        CryptographicOperations.ZeroMemory(plaintext);
        return element;
    }
}
