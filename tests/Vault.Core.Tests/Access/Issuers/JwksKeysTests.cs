using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Vault.Core.Access.Issuers;
using Xunit;

namespace Vault.Core.Tests.Access.Issuers;

public sealed class JwksKeysTests
{
    [Fact]
    public void Find_GivesTheKeyOfTheId_ThatFitsTheAlgorithm()
    {
        using var rsa = RSA.Create(2048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var keys = JwksKeys.Parse(Set(Rsa(rsa, "r"), Curve(curve, "e"))).Value!;
        Assert.Equal(2, keys.Count);
        Assert.Single(keys.Find("r", "RS256"));
        Assert.Single(keys.Find("r", "PS512"));
        Assert.Single(keys.Find("e", "ES384"));

        // Another curve, another kind, another id, an algorithm that isn't one.
        foreach (var (id, algorithm) in new[] { ("e", "ES256"), ("e", "RS256"), ("r", "ES384"), ("R", "RS256"), ("", "RS256"), ("r", "HS256"), ("r", "none") })
        {
            Assert.Empty(keys.Find(id, algorithm));
        }
    }

    [Fact]
    public void Find_WithoutAnId_GivesTheOnlyKey_AndNeverGuesses()
    {
        using var one = RSA.Create(2048);
        using var two = RSA.Create(2048);
        Assert.Single(JwksKeys.Parse(Set(Rsa(one, null))).Value!.Find(null, "RS256"));
        Assert.Single(JwksKeys.Parse(Set(Rsa(one, "a"))).Value!.Find(null, "RS256"));
        Assert.Empty(JwksKeys.Parse(Set(Rsa(one, "a"), Rsa(two, "b"))).Value!.Find(null, "RS256"));
    }

    [Fact]
    public void Find_OfAKeyThatStandsThereMoreThanOnce_KnowsItByEachIdAndAlgorithm()
    {
        using var rsa = RSA.Create(2048);
        var keys = JwksKeys.Parse(Set(Rsa(rsa, "a"), Rsa(rsa, "b"), With(Rsa(rsa, "c"), "alg", "PS256"), With(Rsa(rsa, "c"), "alg", "RS256"))).Value!;
        Assert.Equal(1, keys.Count);
        foreach (var (id, algorithm) in new[] { ("a", "RS256"), ("b", "RS384"), ("c", "PS256"), ("c", "RS256"), (null, "RS512") })
        {
            Assert.Single(keys.Find(id, algorithm));
        }

        Assert.Empty(keys.Find("c", "RS512"));
    }

    [Fact]
    public void Parse_LeavesOutWhatMayNotVerify()
    {
        using var rsa = RSA.Create(2048);
        using var weak = RSA.Create(1024);
        foreach (var key in new[]
        {
            With(Rsa(rsa, "a"), "use", "enc"), With(Rsa(rsa, "a"), "key_ops", new JsonArray("encrypt")), Rsa(weak, "a"), With(Rsa(rsa, "a"), "kty", "oct"), With(Rsa(rsa, "a"), "kty", "rsa"),
            With(Rsa(rsa, "a"), "n", "!!!"), With(Rsa(rsa, "a"), "n", ""), new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" },
            new JsonObject { ["kty"] = "EC", ["crv"] = "secp256k1", ["x"] = "AA", ["y"] = "AA" }, new JsonObject { ["kty"] = "OKP", ["crv"] = "Ed25519", ["x"] = "AA" }, [],
        })
        {
            Assert.False(JwksKeys.Parse(Set(key)).IsOk, key.ToJsonString());

            // One bad key among good ones is left out alone.
            Assert.Equal(1, JwksKeys.Parse(Set(key, Rsa(rsa, "good"))).Value!.Count);
        }

        // A key that says its algorithm is for that one.
        Assert.Empty(JwksKeys.Parse(Set(With(Rsa(rsa, "a"), "alg", "RS256"))).Value!.Find("a", "PS256"));
    }

    [Fact]
    public void Parse_TooMany_OrNonsense_IsRefused()
    {
        using var rsa = RSA.Create(2048);
        Assert.False(JwksKeys.Parse(Set([.. Enumerable.Range(0, 101).Select(i => Rsa(rsa, $"k{i}"))])).IsOk);
        foreach (var text in new[] { "", "[]", "{}", "null", "1", "{\"keys\":1}", "{\"keys\":[1]}", "{\"keys\":[[]]}", "<html>", "{\"keys\":" })
        {
            Assert.False(JwksKeys.Parse(text).IsOk, text);
        }
    }

    private static string Set(params JsonObject[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]) }.ToJsonString();

    private static JsonObject With(JsonObject key, string name, JsonNode value)
    {
        key[name] = value;
        return key;
    }

    private static JsonObject Rsa(RSA rsa, string? id)
    {
        var key = rsa.ExportParameters(false);
        return new JsonObject { ["kty"] = "RSA", ["kid"] = id, ["n"] = Base64UrlEncoder.Encode(key.Modulus), ["e"] = Base64UrlEncoder.Encode(key.Exponent) };
    }

    private static JsonObject Curve(ECDsa curve, string id)
    {
        var key = curve.ExportParameters(false);
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-384", ["kid"] = id, ["x"] = Base64UrlEncoder.Encode(key.Q.X), ["y"] = Base64UrlEncoder.Encode(key.Q.Y) };
    }
}
