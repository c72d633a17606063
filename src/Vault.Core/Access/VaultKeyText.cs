using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>A vault key as it is sent: <c>vk_&lt;id&gt;_&lt;secret&gt;</c>; contract section 2.</summary>
/// <param name="Id">The public part.</param>
/// <param name="Secret">The secret part.</param>
public sealed partial record VaultKeyText(string Id, SecretText Secret)
{
    /// <summary>What every key begins with.</summary>
    public const string Prefix = "vk_";

    private const int MaxLength = 512;
    private const string IdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>A fresh key: 256 random bits.</summary>
    public static VaultKeyText Create() =>
        new(RandomNumberGenerator.GetString(IdCharacters, 12), new SecretText(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))));

    /// <summary>Reads a key; null where the text isn't one.</summary>
    public static VaultKeyText? TryParse(string? text)
    {
        if (text is null or { Length: > MaxLength } || !Pattern().IsMatch(text))
        {
            return null;
        }

        // The id holds no underscore, the secret may.
        var end = text.IndexOf('_', Prefix.Length);
        return new VaultKeyText(text[Prefix.Length..end], new SecretText(text[(end + 1)..]));
    }

    /// <summary>The whole key, to be shown once.</summary>
    public string Reveal() => $"{Prefix}{Id}_{Secret.Reveal()}";

    /// <summary>Never the secret.</summary>
    public override string ToString() => $"{Prefix}{Id}_***";

    [GeneratedRegex(@"\Avk_[A-Za-z0-9]{8,32}_[A-Za-z0-9_-]{32,}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
