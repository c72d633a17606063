using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>The public keys of an issuer that may verify signatures, read from a JWK set (RFC 7517).</summary>
public sealed class JwksKeys
{
    private const int Most = 100;
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 8192;

    /// <summary>By curve: the only algorithm that fits.</summary>
    private static readonly FrozenDictionary<string, string> Curves =
        new Dictionary<string, string> { ["P-256"] = "ES256", ["P-384"] = "ES384", ["P-521"] = "ES512" }.ToFrozenDictionary();

    // One key may stand there under several ids, and for several algorithms.
    private readonly Key[] _keys;
    private readonly FrozenSet<string> _thumbprints;

    private JwksKeys(IEnumerable<Key> keys)
    {
        _keys = [.. keys];
        _thumbprints = _keys.Select(key => key.Thumbprint).ToFrozenSet(StringComparer.Ordinal);
    }

    internal sealed record Key(string Thumbprint, string? Id, string? Algorithm, JsonWebKey Jwk)
    {
        /// <summary>Whether it may verify signatures of this algorithm: an RSA key RS and PS, a key on a curve the one of its curve.</summary>
        public bool Fits(string algorithm) => (Algorithm is null || Algorithm == algorithm)
            && (Jwk.Kty == "RSA" ? algorithm[0] is 'R' or 'P' : Curves.GetValueOrDefault(Jwk.Crv ?? "") == algorithm);
    }

    /// <summary>None: no token is verified by it.</summary>
    internal static JwksKeys Empty { get; } = new([]);

    /// <summary>How many there are.</summary>
    public int Count => _thumbprints.Count;

    /// <summary>Reads a set; keys for encryption, symmetric keys and keys that can't be read are left out.</summary>
    public static Result<JwksKeys> Parse(string json)
    {
        JsonWebKeySet set;
        try
        {
            set = new JsonWebKeySet(json);
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException or FormatException or InvalidOperationException or NotSupportedException)
        {
            return VaultError.Invalid("$", "It is not a JWK set.");
        }

        if (set.Keys is null || set.Keys.Count > Most)
        {
            return VaultError.Invalid("$.keys", $"It is not a JWK set of at most {Most} keys.");
        }

        var keys = new JwksKeys(set.Keys.Where(IsForSignatures).Select(ToKey).OfType<Key>());
        return keys.Count > 0 ? keys : VaultError.Invalid("$.keys", "It has no public RSA (2048 bits or more) or EC key for signatures.");
    }

    /// <summary>Whether a key is still one of them.</summary>
    internal bool Contains(string thumbprint) => _thumbprints.Contains(thumbprint);

    /// <summary>The keys that may have signed: those of the id; without an id the only one there is for the algorithm, so that nobody has to guess.</summary>
    internal IReadOnlyList<Key> Find(string? id, string algorithm)
    {
        Key[] found = [.. _keys.Where(key => (id is null || key.Id == id) && key.Fits(algorithm)).DistinctBy(key => key.Thumbprint)];
        return id is null && found.Length > 1 ? [] : found;
    }

    private static bool IsForSignatures(JsonWebKey key) =>
        (string.IsNullOrEmpty(key.Use) || key.Use == "sig") && (key.KeyOps.Count == 0 || key.KeyOps.Contains("verify"));

    private static Key? ToKey(JsonWebKey jwk)
    {
        try
        {
            // Only what is public goes on, whatever the issuer has put into its set.
            var plain = jwk.Kty switch
            {
                "RSA" => new JsonWebKey { Kty = "RSA", N = jwk.N, E = jwk.E },
                "EC" when Curves.ContainsKey(jwk.Crv ?? "") => new JsonWebKey { Kty = "EC", Crv = jwk.Crv, X = jwk.X, Y = jwk.Y },
                _ => null,
            };
            if (plain is null || (plain.Kty == "RSA" && plain.KeySize is < LeastRsaBits or > MostRsaBits))
            {
                return null;
            }

            plain.KeyId = jwk.Kid;

            // No cache of the library's: what is verified is remembered by token, and a key that an issuer drops is dropped here.
            plain.CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false };
            return new Key(
                Base64UrlEncoder.Encode(plain.ComputeJwkThumbprint()), string.IsNullOrEmpty(jwk.Kid) ? null : jwk.Kid, string.IsNullOrEmpty(jwk.Alg) ? null : jwk.Alg, plain);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
