using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Vault.Testing;

/// <summary>An issuer's keys, and tokens signed with them, well or badly.</summary>
public sealed class TestTokens(string issuer) : IDisposable
{
    private readonly Dictionary<string, RSA> _keys = [];

    /// <summary>What <c>iss</c> says.</summary>
    public string Issuer { get; set; } = issuer;

    /// <summary>The public keys, as a JWK set.</summary>
    public string Jwks => new JsonObject
    {
        ["keys"] = new JsonArray([.. _keys.Select(key => (JsonNode)new JsonObject
        {
            ["kty"] = "RSA",
            ["use"] = "sig",
            ["kid"] = key.Key,
            ["n"] = Base64Url.EncodeToString(key.Value.ExportParameters(false).Modulus),
            ["e"] = Base64Url.EncodeToString(key.Value.ExportParameters(false).Exponent),
        })]),
    }.ToJsonString();

    /// <summary>Adds a key.</summary>
    public TestTokens Add(string id)
    {
        _keys[id] = RSA.Create(2048);
        return this;
    }

    /// <summary>Removes a key from the set; gives it, so that a test can go on to sign with it.</summary>
    public RSA Remove(string id)
    {
        _keys.Remove(id, out var key);
        return key!;
    }

    /// <summary>A key.</summary>
    public RSA Key(string id) => _keys[id];

    /// <summary>The claims of a token for the vault, good for five minutes.</summary>
    public JsonObject Claims(DateTimeOffset now, string subject, params (string Name, JsonNode? Value)[] more)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = subject,
            ["aud"] = "vault",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.ToUnixTimeSeconds() + 300,
        };
        foreach (var (name, value) in more)
        {
            claims[name] = value;
        }

        return claims;
    }

    /// <summary>Signs claims with RS256.</summary>
    public string Sign(JsonObject claims, string keyId = "k1") => Sign($$"""{"alg":"RS256","kid":"{{keyId}}","typ":"at+jwt"}""", claims.ToJsonString(), _keys[keyId]);

    /// <summary>Signs any header and claims with RS256.</summary>
    public static string Sign(string header, string claims, RSA key) => Join(header, claims, input => key.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// <summary>Joins any header, claims and signature.</summary>
    public static string Join(string header, string claims, Func<byte[], byte[]> sign)
    {
        var input = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        return input + "." + Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }
}
