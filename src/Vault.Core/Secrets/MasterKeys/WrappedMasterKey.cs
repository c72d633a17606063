using System.Text.Json;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>A master key wrapped by a key that never leaves its owner; kept in the database (docs/decisions/0017). It is of no use without that key.</summary>
/// <param name="Provider">The provider that made it.</param>
/// <param name="KeyId">Which key wrapped it.</param>
/// <param name="Algorithm">How.</param>
/// <param name="Ciphertext">The wrapped key.</param>
internal sealed record WrappedMasterKey(string Provider, string KeyId, string Algorithm, byte[] Ciphertext)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>As it is kept.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads what is kept.</summary>
    /// <exception cref="VaultStartException">It is damaged, or another provider's.</exception>
    public static WrappedMasterKey Read(byte[] kept, string provider)
    {
        try
        {
            if (JsonSerializer.Deserialize<WrappedMasterKey>(kept, Json) is { } wrapped)
            {
                return wrapped.Provider == provider ? wrapped : throw new VaultStartException(
                    $"The master key was wrapped by the provider '{wrapped.Provider}', but Vault:MasterKey:Provider is '{provider}'. Nothing was changed.");
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
}
