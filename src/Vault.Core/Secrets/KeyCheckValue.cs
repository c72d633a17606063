using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Secrets;

/// <summary>Tells whether a key is the right one without saying anything about it: 8 bytes derived by HKDF.</summary>
internal static class KeyCheckValue
{
    public static byte[] Of(ReadOnlySpan<byte> key, string id)
    {
        var value = new byte[8];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, value, salt: [], info: Encoding.UTF8.GetBytes(CryptographicLabels.CheckValue + "\0" + id));
        return value;
    }
}
