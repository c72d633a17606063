using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Issuers;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Tokens that must let nobody in, each tried on both doors; nothing reaches the service, and no issuer is asked at an address that a token names.</summary>
public sealed class TokenAttackTests : IssuerBench
{
    private const string Header = """{"alg":"RS256","kid":"k1","typ":"at+jwt"}""";

    [Fact]
    public async Task ForgedAndAbusedTokens_LetNobodyIn()
    {
        // The very claims that are refused below are good when nothing is wrong with the rest.
        await ExpectAsync(await CallAsync(With(_ => { })), 200);
        await ExpectAsync(await AdminAsync(With(claims => claims["realm_access"] = Admin())), 200);
        await using var elsewhere = await RecordingUpstream.StartAsync();
        var connections = Service.Connections;
        var requests = Service.Requests.Count;
        var answers = new StringBuilder();
        foreach (var (name, token) in Forged(elsewhere.Url))
        {
            foreach (var answer in new[] { await CallAsync(token), await AdminAsync(token) })
            {
                using (answer)
                {
                    answers.Append(await answer.Content.ReadAsStringAsync());
                    Assert.True((int)answer.StatusCode == 401, $"{name}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                }
            }

            // The limit for wrong tokens is another test's.
            Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal((connections, requests, 0), (Service.Connections, Service.Requests.Count, elsewhere.Connections));

        // One answer for all: it doesn't tell a forger how far he got.
        Assert.Single(answers.ToString().Split("}").Where(part => part.Length > 0).Distinct());
    }

    [Fact]
    public async Task TokenText_IsNeverLoggedNorRecorded()
    {
        var token = AppToken("somebody");
        await ExpectAsync(await CallAsync(token), 200);
        await ExpectAsync(await CallAsync(token[..^4] + "AAAA"), 401, "unauthenticated");
        var log = string.Join('\n', Vault.Logs.Lines) + await Vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        Assert.DoesNotContain(token.Split('.')[2][..40], log, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('.')[1][..40], log, StringComparison.Ordinal);
    }

    private static JsonObject Admin() => new() { ["roles"] = new JsonArray("vault-admin") };

    /// <summary>A token of an app, and of an admin, with one thing changed.</summary>
    private string With(Action<JsonObject> change)
    {
        var claims = Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call"));
        change(claims);
        return Tokens.Sign(claims);
    }

    private IEnumerable<(string Name, string Token)> Forged(string elsewhere)
    {
        var now = Time.GetUtcNow().ToUnixTimeSeconds();
        var good = Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call"), ("realm_access", Admin()), ("exp", now + 3600)).ToJsonString();
        var key = Tokens.Key("k1");
        var token = TestTokens.Sign(Header, good, key);
        var parts = token.Split('.');
        using var stranger = RSA.Create(2048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        // The algorithm.
        foreach (var none in new[] { "none", "None", "NONE", "nOnE", "", "RS256 ", "rs256" })
        {
            yield return ($"alg {none}", TestTokens.Join($$"""{"alg":"{{none}}","kid":"k1"}""", good, _ => []));
            yield return ($"alg {none}, signature left", TestTokens.Join($$"""{"alg":"{{none}}","kid":"k1"}""", good, _ => key.SignData([1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        }

        foreach (var (name, secret) in new (string, byte[])[]
        {
            ("public key in PEM", Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem())), ("public key in DER", key.ExportSubjectPublicKeyInfo()),
            ("modulus", key.ExportParameters(false).Modulus!), ("JWKS", Encoding.UTF8.GetBytes(Tokens.Jwks)), ("nothing", []),
        })
        {
            yield return ($"HS256 with the {name}", TestTokens.Join("""{"alg":"HS256","kid":"k1"}""", good, input => HMACSHA256.HashData(secret, input)));
        }

        yield return ("alg missing", TestTokens.Sign("""{"kid":"k1"}""", good, key));
        yield return ("alg a number", TestTokens.Sign("""{"alg":256,"kid":"k1"}""", good, key));
        yield return ("alg twice", TestTokens.Sign("""{"alg":"none","alg":"RS256","kid":"k1"}""", good, key));
        yield return ("PS256 with a PKCS#1 signature", TestTokens.Sign("""{"alg":"PS256","kid":"k1"}""", good, key));
        yield return ("RS512 with a SHA-256 signature", TestTokens.Sign("""{"alg":"RS512","kid":"k1"}""", good, key));
        yield return ("ES256 with the RSA key's id", TestTokens.Join("""{"alg":"ES256","kid":"k1"}""", good, input => curve.SignData(input, HashAlgorithmName.SHA256)));
        yield return ("ES256, all zero", TestTokens.Join("""{"alg":"ES256","kid":"k1"}""", good, _ => new byte[64]));

        // The key.
        yield return ("another key", TestTokens.Sign(Header, good, stranger));
        yield return ("another key's id", TestTokens.Sign("""{"alg":"RS256","kid":"k9"}""", good, stranger));
        yield return ("an id like a path", TestTokens.Sign("""{"alg":"RS256","kid":"../../../dev/null"}""", good, stranger));
        yield return ("an id like SQL", TestTokens.Sign("""{"alg":"RS256","kid":"k1' OR '1'='1"}""", good, stranger));
        var own = stranger.ExportParameters(false);
        var jwk = $$"""{"kty":"RSA","kid":"k1","n":"{{System.Buffers.Text.Base64Url.EncodeToString(own.Modulus)}}","e":"AQAB"}""";
        yield return ("a key of its own", TestTokens.Sign($$"""{"alg":"RS256","jwk":{{jwk}}}""", good, stranger));
        yield return ("a key of its own under the id", TestTokens.Sign($$"""{"alg":"RS256","kid":"k1","jwk":{{jwk}}}""", good, stranger));
        foreach (var place in new[] { "jku", "x5u" })
        {
            yield return (place, TestTokens.Sign($$"""{"alg":"RS256","kid":"k1","{{place}}":"{{elsewhere}}/keys"}""", good, stranger));
            yield return (place + " of an unknown id", TestTokens.Sign($$"""{"alg":"RS256","kid":"mine","{{place}}":"{{elsewhere}}/keys"}""", good, stranger));
        }

        using (var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", stranger, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200)))
        {
            yield return ("x5c", TestTokens.Sign($$"""{"alg":"RS256","x5c":["{{Convert.ToBase64String(certificate.RawData)}}"]}""", good, stranger));
        }

        // The signature.
        yield return ("no signature", parts[0] + "." + parts[1] + ".");
        yield return ("a cut signature", token[..^10]);
        yield return ("a bit of it", string.Join('.', parts[0], parts[1], (parts[2][0] == 'A' ? 'B' : 'A') + parts[2][1..]));
        yield return ("of other claims", string.Join('.', parts[0], With(claims => claims["scope"] = "other").Split('.')[1], parts[2]));

        // The header.
        yield return ("crit", TestTokens.Sign("""{"alg":"RS256","kid":"k1","crit":["exp"],"exp":1}""", good, key));
        yield return ("crit, empty", TestTokens.Sign("""{"alg":"RS256","kid":"k1","crit":[]}""", good, key));
        yield return ("b64", TestTokens.Sign("""{"alg":"RS256","kid":"k1","b64":false}""", good, key));
        yield return ("zip", TestTokens.Sign("""{"alg":"RS256","kid":"k1","zip":"DEF"}""", good, key));
        foreach (var type in new[] { "logout+jwt", "dpop+jwt", "secevent+jwt", "client-authentication+jwt", "oauth-authz-req+jwt", "" })
        {
            yield return ("typ " + type, TestTokens.Sign($$"""{"alg":"RS256","kid":"k1","typ":"{{type}}"}""", good, key));
        }

        yield return ("typ a list", TestTokens.Sign("""{"alg":"RS256","kid":"k1","typ":["JWT"]}""", good, key));
        yield return ("header a list", TestTokens.Sign("""["alg","RS256"]""", good, key));
        yield return ("header deep", TestTokens.Sign($$"""{"alg":"RS256","kid":"k1","x":{{new string('[', 60)}}{{new string(']', 60)}}}""", good, key));

        // The form.
        yield return ("encrypted", token + "." + parts[1] + "." + parts[2]);
        yield return ("two parts", parts[0] + "." + parts[1]);
        yield return ("four parts", token + ".x");
        yield return ("only dots", "..");
        yield return ("padded", string.Join('.', parts[0] + "=", parts[1], parts[2]));
        yield return ("a space inside", string.Join('.', parts[0], parts[1].Insert(4, " "), parts[2]));
        yield return ("standard base64", string.Join('.', parts[0], parts[1] + "+/", parts[2]));
        yield return ("twice, by comma", token + "," + token);
        yield return ("scheme inside", "Bearer " + token);
        yield return ("too long", TestTokens.Sign(Header, good[..^1] + ",\"x\":\"" + new string('x', 20_000) + "\"}", key));
        yield return ("JSON in JSON", TestTokens.Sign(Header, "\"" + good.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"", key));
        yield return ("claims a list", TestTokens.Sign(Header, "[" + good + "]", key));
        yield return ("rest behind the claims", TestTokens.Sign(Header, good + "{}", key));
        yield return ("comment in the claims", TestTokens.Sign(Header, good[..^1] + "/**/}", key));
        yield return ("a claim twice", TestTokens.Sign(Header, good[..^1] + ",\"scope\":\"call\"}", key));
        yield return ("a claim twice, escaped", TestTokens.Sign(Header, good[..^1] + ",\"\\u0073cope\":\"call\"}", key));
        foreach (var odd in new[] { "\\ud800", "\\udc00x" })
        {
            yield return ("half a pair in a claim " + odd, TestTokens.Sign(Header, good[..^1] + $",\"x\":\"{odd}\"}}", key));
            yield return ("half a pair as a claim's name " + odd, TestTokens.Sign(Header, good[..^1] + $",\"{odd}\":1}}", key));
            yield return ("half a pair in iss " + odd, TestTokens.Sign(Header, $$"""{"iss":"{{odd}}"}""", key));
            yield return ("half a pair in alg " + odd, TestTokens.Sign($$"""{"alg":"{{odd}}"}""", good, key));
            yield return ("half a pair in kid " + odd, TestTokens.Sign($$"""{"alg":"RS256","kid":"{{odd}}"}""", good, key));
        }

        yield return ("ends with the calendar, signed by nobody", TestTokens.Sign(Header, $$"""{"iss":"{{Tokens.Issuer}}","aud":"vault","sub":"ann","scope":"call","exp":253402300799}""", stranger));
        yield return ("bytes that aren't UTF-8", Encoding.Latin1.GetString(Encoding.Latin1.GetBytes(TestTokens.Sign(Header, good, key))).Insert(10, "é"));

        // The claims.
        foreach (var claim in new[] { "iss", "sub", "aud", "exp" })
        {
            yield return (claim + " missing", With(claims => claims.Remove(claim)));
            yield return (claim + " null", With(claims => claims[claim] = null));
            yield return (claim + " a list of lists", With(claims => claims[claim] = new JsonArray(new JsonArray("vault"))));
        }

        foreach (var issuer in new[] { Tokens.Issuer + "/", Tokens.Issuer.ToUpperInvariant(), Tokens.Issuer + "?", " " + Tokens.Issuer, Tokens.Issuer + "#x", "https://evil.example" })
        {
            yield return ("iss " + issuer, With(claims => claims["iss"] = issuer));
        }

        yield return ("another issuer's name over this one's key", With(claims => claims["iss"] = Other.Issuer));
        yield return ("another issuer's key", Other.Sign(Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call"))));
        foreach (var audience in new[] { "vault/", "VAULT", "vault ", "vaul", "vault2", "*", "", "https://vault" })
        {
            yield return ("aud " + audience, With(claims => claims["aud"] = audience));
        }

        yield return ("aud an empty list", With(claims => claims["aud"] = new JsonArray()));
        yield return ("aud an object", With(claims => claims["aud"] = new JsonObject { ["vault"] = "vault" }));
        foreach (var (name, exp) in new (string, string)[]
        {
            ("past", $"{now - 31}"), ("a text", $"\"{now + 300}\""), ("negative", "-1"), ("true", "true"), ("1e400", "1e400"), ("1e300", "1e300"), ("zero", "0"),
            ("milliseconds", $"{now * 1000}"), ("beyond long", "99999999999999999999999999"),
        })
        {
            yield return ("exp " + name, TestTokens.Sign(Header, $$"""{"iss":"{{Tokens.Issuer}}","aud":"vault","sub":"ann","scope":"call","exp":{{exp}}}""", key));
        }

        foreach (var claim in new[] { "nbf", "iat" })
        {
            yield return (claim + " to come", With(claims => claims[claim] = claims["iat"]!.GetValue<long>() + 600));
            yield return (claim + " a text", With(claims => claims[claim] = "now"));
        }

        yield return ("sub empty", With(claims => claims["sub"] = ""));
        yield return ("sub too long", With(claims => claims["sub"] = new string('s', 257)));
        yield return ("sub a number", With(claims => claims["sub"] = 7));
        yield return ("nobody", With(claims => claims["scope"] = "other"));
        foreach (var scope in new[] { "CALL", "call2", "precall", "call,openid", "call\topenid" })
        {
            yield return ("scope " + scope, With(claims => claims["scope"] = scope));
        }

        foreach (var role in new JsonNode[] { "vault-admin2", new JsonArray(new JsonArray("vault-admin")), new JsonObject { ["vault-admin"] = true } })
        {
            yield return ("role " + role.ToJsonString(), With(claims =>
            {
                claims["scope"] = "none";
                claims["realm_access"] = new JsonObject { ["roles"] = role };
            }));
        }

        yield return ("a claim named like the pointer", With(claims =>
        {
            claims["scope"] = "none";
            claims["/realm_access/roles"] = "vault-admin";
        }));
        foreach (var app in new[] { "TokenApp2", "../TokenApp", "TokenApp ", "*", "{value}" })
        {
            yield return ("app " + app, With(claims =>
            {
                claims["scope"] = "none";
                claims["app"] = app;
            }));
        }

        yield return ("app a list", With(claims =>
        {
            claims["scope"] = "none";
            claims["app"] = new JsonArray("TokenApp");
        }));
    }
}
