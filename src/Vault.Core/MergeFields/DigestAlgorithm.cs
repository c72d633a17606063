using System.Security.Cryptography;

namespace Vault.Core.MergeFields;

/// <summary>The digests that HASH, HMAC and SIGN know by name; SHA-1 and MD5 are there for old services that ask for them.</summary>
internal static class DigestAlgorithm
{
    private static readonly Dictionary<string, HashAlgorithmName> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["SHA-256"] = HashAlgorithmName.SHA256,
        ["SHA-384"] = HashAlgorithmName.SHA384,
        ["SHA-512"] = HashAlgorithmName.SHA512,
        ["SHA-1"] = HashAlgorithmName.SHA1,
        ["MD5"] = HashAlgorithmName.MD5,
    };

    /// <summary>The message for a name that is none of them; the name itself may come from a secret and is not repeated.</summary>
    public const string Unknown = "the algorithm must be SHA-256, SHA-384, SHA-512, SHA-1 or MD5";

    /// <summary>Finds one by name, in any case.</summary>
    public static bool TryGet(string? name, out HashAlgorithmName algorithm)
    {
        algorithm = default;
        return name is not null && Known.TryGetValue(name, out algorithm);
    }
}
