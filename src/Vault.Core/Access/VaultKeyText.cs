using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>A vault key as it is sent: <c>vk_&lt;id&gt;_&lt;secret&gt;</c>; contract section 2.</summary>
/// <param name="Id">The public part.</param>
/// <param name="Secret">The secret part.</param>
public sealed record VaultKeyText(string Id, SecretText Secret)
{
    /// <summary>What every key begins with.</summary>
    public const string Prefix = "vk_";

    /// <summary>The longest id of a key, in characters.</summary>
    public const int MostId = 32;

    private const int MaxLength = 512;
    private const int LeastId = 8;
    private const int LeastSecret = 32;
    private const string IdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly SearchValues<char> OfId = SearchValues.Create(IdCharacters);
    private static readonly SearchValues<char> OfSecret = SearchValues.Create(IdCharacters + "_-");

    /// <summary>A fresh key: 256 random bits.</summary>
    public static VaultKeyText Create() =>
        new(RandomNumberGenerator.GetString(IdCharacters, 12), new SecretText(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))));

    /// <summary>Reads a key; null where the text isn't one.</summary>
    public static VaultKeyText? TryParse(string? text)
    {
        if (text is null or { Length: > MaxLength } || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        // The id holds no underscore, the secret may.
        var end = text.IndexOf('_', Prefix.Length);
        if (end - Prefix.Length is < LeastId or > MostId || text.Length - end - 1 < LeastSecret
            || text.AsSpan(Prefix.Length, end - Prefix.Length).ContainsAnyExcept(OfId) || text.AsSpan(end + 1).ContainsAnyExcept(OfSecret))
        {
            return null;
        }

        return new VaultKeyText(text[Prefix.Length..end], new SecretText(text[(end + 1)..]));
    }

    /// <summary>The whole key, to be shown once.</summary>
    public string Reveal() => $"{Prefix}{Id}_{Secret.Reveal()}";

    /// <summary>Never the secret.</summary>
    public override string ToString() => $"{Prefix}{Id}_***";
}
