using System.Security.Cryptography;
using Vault.Core.Secrets;

namespace Vault.Core.Access;

/// <summary>What is stored of a key's secret: an HMAC over id, role, owner and secret, under a key that the database holds only wrapped.</summary>
public sealed class KeyHasher(IntegrityKey integrity)
{
    /// <summary>The hash.</summary>
    public byte[] Hash(VaultKeyText key, VaultRole role, Guid? appId) => integrity.Mac(Message(key, role, appId));

    /// <summary>Whether the key is the stored one, in time that doesn't depend on how much of it is right.</summary>
    public bool Matches(VaultKeyText key, VaultKey stored)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        integrity.Mac(Message(key, stored.Role, stored.AppId), hash);
        return CryptographicOperations.FixedTimeEquals(hash, stored.Hash.AsSpan());
    }

    private static LengthPrefixed Message(VaultKeyText key, VaultRole role, Guid? appId)
    {
        var message = LengthPrefixed.Begin(CryptographicLabels.KeyHash).Add(key.Id).Add(role.ToString());
        if (appId is { } id)
        {
            Span<byte> digits = stackalloc byte[32];
            id.TryFormat(digits, out _, "N");
            message.Add(digits);
        }
        else
        {
            message.Add((string?)null);
        }

        return message.Add(key.Secret.RevealUtf8());
    }
}
