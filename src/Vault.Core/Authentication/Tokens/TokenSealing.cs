using System.Text.Json;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Token sets to sealed records and back.</summary>
internal sealed class TokenSealing(SecretSealer sealer)
{
    private const long Version = 1;

    public StoredToken Seal(TokenSet token, TokenKey key, byte[] binding)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(token.Values.ToDictionary(value => value.Key, value => value.Value.Reveal()));
        var stored = new StoredToken(token.Id, key, Version, [], token.ObtainedAt, token.ExpiresAt, null, token.IsRenewable);
        stored = stored with { Sealed = sealer.Seal(Place(stored, binding), json) };
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(json);
        return stored;
    }

    /// <summary>Null where the record can't be opened here.</summary>
    public TokenSet? Open(StoredToken stored, byte[] binding)
    {
        var opened = sealer.Open(Place(stored, binding), stored.Sealed);
        if (!opened.IsOk)
        {
            return null;
        }

        using var json = opened.Value;
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(json.RevealUtf8());
        return values is null
            ? null
            : new TokenSet(stored.Id, values.ToDictionary(value => value.Key, value => new SecretText(value.Value)), stored.ObtainedAt, stored.ExpiresAt);
    }

    /// <summary>Seals a record to another binding; null where it can't be opened under the one before.</summary>
    public static byte[]? Reseal(SecretSealer sealer, StoredToken stored, byte[] before, byte[] after)
    {
        var opened = sealer.Open(Place(stored, before), stored.Sealed);
        if (!opened.IsOk)
        {
            return null;
        }

        using var json = opened.Value;
        return sealer.Seal(Place(stored, after), json.RevealUtf8());
    }

    internal static SealPlace Place(StoredToken token, byte[] binding) => new(
        "token", token.Id, token.Key.ExternalCredentialId, token.Key.PrincipalId, token.Key.User,
        (token.Key.NamedCredentialId?.ToString("N") ?? "") + "/" + token.Key.Stamp, token.Version, binding);
}
