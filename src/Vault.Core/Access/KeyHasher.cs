using System.Security.Cryptography;
using Vault.Core.Secrets;

namespace Vault.Core.Access;

/// <summary>What is stored of a key's secret: an HMAC over id, role, owner and secret, under a key that the database holds only wrapped.</summary>
public sealed class KeyHasher(IntegrityKey integrity)
{
    /// <summary>The hash.</summary>
    public byte[] Hash(VaultKeyText key, VaultRole role, Guid? appId) => integrity.Mac(LengthPrefixed.Begin(CryptographicLabels.KeyHash)
        .Add(key.Id).Add(role.ToString()).Add(appId?.ToString("N")).Add(key.Secret.RevealUtf8()));

    /// <summary>Whether the key is the stored one, in time that doesn't depend on how much of it is right.</summary>
    public bool Matches(VaultKeyText key, VaultKey stored) =>
        CryptographicOperations.FixedTimeEquals(Hash(key, stored.Role, stored.AppId), stored.Hash.AsSpan());
}
