using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Assertions;

/// <summary>
/// Signs with a key as admins have it: PEM (PKCS#8, also encrypted, PKCS#1, SEC1), a JWK (RFC 7517), or, for HMAC, text. Null is
/// given where the key doesn't fit; no message of the platform's is passed on, since it may quote the key.
/// </summary>
internal static class SigningKey
{
    // RFC 7518 section 6.3.2: a key has all of them, or none.
    private static readonly string[] RsaPrimeParts = ["p", "q", "dp", "dq", "qi"];

    /// <summary>The JWS signature of <paramref name="data"/> (RFC 7518 section 3), or null.</summary>
    /// <param name="algorithm">The algorithm; the key must be of its kind, so that no key serves as another kind's.</param>
    /// <param name="key">The key's text.</param>
    /// <param name="password">Of an encrypted PEM; else null.</param>
    /// <param name="data">What is signed.</param>
    public static byte[]? Sign(JwtAlgorithm algorithm, string key, string? password, byte[] data)
    {
        try
        {
            switch (algorithm.Family)
            {
                case "HS":
                    var secret = Symmetric(key);
                    return secret is null ? null : Hmac(algorithm.Hash, secret, data);
                case "ES":
                    using (var ec = Ec(key, password))
                    {
                        return IsOn(algorithm.Curve, ec)
                            ? ec.SignData(data, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                            : null;
                    }

                default:
                    using (var rsa = Rsa(key, password))
                    {
                        return rsa.SignData(data, algorithm.Hash, algorithm.Family == "PS" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
                    }
            }
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or FormatException or JsonException or InvalidOperationException or KeyNotFoundException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The RSA signature of PKCS#1 v1.5, for protocols that are no JWT; null where the key is none.</summary>
    public static byte[]? SignRsa(HashAlgorithmName hash, string key, string? password, byte[] data)
    {
        try
        {
            using var rsa = Rsa(key, password);
            return rsa.SignData(data, hash, RSASignaturePadding.Pkcs1);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or FormatException or JsonException or InvalidOperationException or KeyNotFoundException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Why a key doesn't sign, with nothing of it.</summary>
    /// <param name="key">The key's text.</param>
    /// <param name="parameter">The parameter that holds it.</param>
    /// <param name="wanted">What should be there.</param>
    public static VaultError Refusal(string key, string parameter, string wanted) => new(
        ErrorCodes.TokenRequestFailed,
        key.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal)
            ? $"The parameter {parameter} is encrypted in the old form of PEM (Proc-Type: 4,ENCRYPTED), which isn't read; convert it to PKCS#8: openssl pkcs8 -topk8."
            : $"The parameter {parameter} holds no {wanted}.");

    private static byte[] Hmac(HashAlgorithmName hash, byte[] key, byte[] data) =>
        hash == HashAlgorithmName.SHA256 ? HMACSHA256.HashData(key, data)
        : hash == HashAlgorithmName.SHA384 ? HMACSHA384.HashData(key, data)
        : HMACSHA512.HashData(key, data);

    // A PEM as an HMAC key is the classic confusion of algorithms: refused.
    private static byte[]? Symmetric(string key)
    {
        using var jwk = ReadJwk(key);
        if (jwk is not null)
        {
            return jwk.RootElement.GetProperty("kty").GetString() == "oct" ? Part(jwk.RootElement, "k") : null;
        }

        // Nor a set of JWKs, or one that isn't well-formed: what it holds may be public.
        var isKey = key.Contains("-----BEGIN ", StringComparison.Ordinal) || ((Begins(key, '{') || Begins(key, '[')) && (key.Contains("\"kty\"", StringComparison.Ordinal) || key.Contains("\"keys\"", StringComparison.Ordinal)));
        return isKey ? null : Encoding.UTF8.GetBytes(key);
    }

    private static RSA Rsa(string key, string? password)
    {
        using var jwk = ReadJwk(key);
        if (jwk is null)
        {
            return Import(RSA.Create(), key, password);
        }

        var root = jwk.RootElement;
        Require(root, "RSA");
        if (!Array.Exists(RsaPrimeParts, part => root.TryGetProperty(part, out _)))
        {
            return RSA.Create(RsaPrimes.Recover(Part(root, "n"), Part(root, "e"), Part(root, "d")));
        }

        return RSA.Create(new RSAParameters
        {
            Modulus = Part(root, "n"),
            Exponent = Part(root, "e"),
            D = Part(root, "d"),
            P = Part(root, "p"),
            Q = Part(root, "q"),
            DP = Part(root, "dp"),
            DQ = Part(root, "dq"),
            InverseQ = Part(root, "qi"),
        });
    }

    private static ECDsa Ec(string key, string? password)
    {
        using var jwk = ReadJwk(key);
        if (jwk is null)
        {
            return Import(ECDsa.Create(), key, password);
        }

        var root = jwk.RootElement;
        Require(root, "EC");
        return ECDsa.Create(new ECParameters
        {
            Curve = root.GetProperty("crv").GetString() switch
            {
                "P-256" => ECCurve.NamedCurves.nistP256,
                "P-384" => ECCurve.NamedCurves.nistP384,
                "P-521" => ECCurve.NamedCurves.nistP521,
                _ => throw new CryptographicException(),
            },
            Q = new ECPoint { X = Part(root, "x"), Y = Part(root, "y") },
            D = Part(root, "d"),
        });
    }

    // Not by size: secp256k1 and brainpoolP256r1 have 256 bits, too.
    private static bool IsOn(ECCurve curve, ECDsa key)
    {
        var own = key.ExportParameters(includePrivateParameters: false).Curve;
        if (own.IsNamed)
        {
            return own.Oid.Value == curve.Oid.Value;
        }

        // Written out, as some tools do.
        using var other = ECDsa.Create(curve);
        return other.ExportExplicitParameters(includePrivateParameters: false).Curve.Prime.AsSpan().SequenceEqual(own.Prime);
    }

    private static T Import<T>(T algorithm, string pem, string? password)
        where T : AsymmetricAlgorithm
    {
        // Files may begin with a byte order mark, and JSON of a service account that was copied as it is writes line ends so; PEM has no backslash of its own.
        pem = pem.TrimStart('\uFEFF').Replace("\\r", "", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);
        try
        {
            if (pem.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal))
            {
                algorithm.ImportFromEncryptedPem(pem, password ?? "");
            }
            else
            {
                algorithm.ImportFromPem(pem);
            }

            return algorithm;
        }
        catch
        {
            algorithm.Dispose();
            throw;
        }
    }

    private static bool Begins(string key, char sign) => key.AsSpan().TrimStart('\uFEFF').TrimStart() is [var first, ..] && first == sign;

    // RFC 7517 section 4: an object with a kty. Any other text is a key of its own for HMAC, whatever it begins with.
    private static JsonDocument? ReadJwk(string key)
    {
        key = key.TrimStart('\uFEFF');
        if (!Begins(key, '{'))
        {
            return null;
        }

        try
        {
            var jwk = JsonDocument.Parse(key);
            if (jwk.RootElement.TryGetProperty("kty", out _))
            {
                return jwk;
            }

            jwk.Dispose();
        }
        catch (JsonException)
        {
            // Text.
        }

        return null;
    }

    private static void Require(JsonElement jwk, string type)
    {
        if (!jwk.TryGetProperty("kty", out var kty) || kty.GetString() != type)
        {
            throw new CryptographicException();
        }
    }

    private static byte[] Part(JsonElement jwk, string name) =>
        jwk.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text
            ? Base64Url.DecodeFromChars(text)
            : throw new CryptographicException();
}
