using System.Security.Cryptography;
using System.Text.Json;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>A master key wrapped by a key that never leaves its owner; kept in the database (docs/decisions/0017). It is of no use without that key.</summary>
/// <param name="Provider">The provider that made it.</param>
/// <param name="KeyId">Which key wrapped it.</param>
/// <param name="Algorithm">How.</param>
/// <param name="Ciphertext">The wrapped key.</param>
/// <param name="CheckValue">Of the key inside; null where the wrap is authentic by itself.</param>
/// <param name="Signature">Over all of these, by the owner of the key: anybody can wrap to a public key. Null where the wrap is authentic by itself.</param>
internal sealed record WrappedMasterKey(string Provider, string KeyId, string Algorithm, byte[] Ciphertext, byte[]? CheckValue = null, byte[]? Signature = null)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true };

    /// <summary>As it is kept.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>What is signed: its SHA-256, by RSA-PSS with SHA-256.</summary>
    public byte[] Digest() => LengthPrefixed.Begin(CryptographicLabels.WrappedMasterKey).Add(Provider).Add(KeyId).Add(Algorithm).Add(Ciphertext).Add(CheckValue ?? []).Sha256();

    /// <summary>Reads what is kept.</summary>
    /// <exception cref="VaultStartException">It is damaged, or another provider's.</exception>
    public static WrappedMasterKey Read(byte[] kept, string provider)
    {
        try
        {
            if (JsonSerializer.Deserialize<WrappedMasterKey>(kept, Json) is { Provider: not null, KeyId: not null, Algorithm: not null, Ciphertext: not null } wrapped)
            {
                return wrapped.Provider == provider ? wrapped : throw new VaultStartException(
                    $"The master key was wrapped by {(MasterKeyProviders.IsKnown(wrapped.Provider) ? $"the provider '{wrapped.Provider}'" : "an unknown provider")}, but Vault:MasterKey:Provider is '{provider}'. Nothing was changed.");
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new VaultStartException("The wrapped master key in the database is damaged; restore it from a backup.");
    }

    /// <summary>What was unwrapped, if it can be a master key.</summary>
    /// <exception cref="VaultStartException">It isn't.</exception>
    public static byte[] Check(byte[] key) =>
        key.Length == 32 ? key : throw new VaultStartException("What the wrapped master key in the database holds is no master key; restore it from a backup.");

    /// <summary>What was unwrapped, if it is the key that was signed for.</summary>
    /// <exception cref="VaultStartException">It isn't.</exception>
    public byte[] CheckSigned(byte[] key) =>
        CheckValue is { } expected && CryptographicOperations.FixedTimeEquals(expected, KeyCheckValue.Of(Check(key), "master")) ? key : throw NotSigned();

    /// <summary>What to throw where the signature is missing or wrong.</summary>
    public static VaultStartException NotSigned() => new(
        "The wrapped master key wasn't signed by the key that it is wrapped to (Vault:MasterKey): somebody else put it into the database or the backup. Nothing was changed.");
}
