using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Protocols.Digest;
using Vault.Core.Authentication.Protocols.OAuth1;
using Vault.Core.Authentication.Signing;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Signing;

/// <summary>The examples of the RFCs and of AWS's documentation.</summary>
public sealed class SignatureVectorTests
{
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("service", "GET", "/", "", "Host: example.amazonaws.com", EmptyHash, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("iam", "GET", "/", "Action=ListUsers&Version=2010-05-08", "Content-Type: application/x-www-form-urlencoded; charset=utf-8|Host: iam.amazonaws.com", EmptyHash, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")]
    public void SigV4_General(string service, string method, string path, string query, string headers, string hash, string signature) => Assert.Equal(
        signature,
        SignAws("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z", service, method, path, query, headers, hash));

    [Theory]
    [InlineData("GET", "/test.txt", "", "Range: bytes=0-9", EmptyHash, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")]
    [InlineData("PUT", "/test%24file.text", "", "Date: Fri, 24 May 2013 00:00:00 GMT|x-amz-storage-class: REDUCED_REDUNDANCY", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")]
    [InlineData("GET", "/", "lifecycle", "", EmptyHash, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("GET", "/", "max-keys=2&prefix=J", "", EmptyHash, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void SigV4_OfS3(string method, string path, string query, string headers, string hash, string signature) => Assert.Equal(
        signature,
        SignAws(
            "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z", "s3", method, path, query,
            (headers.Length == 0 ? "" : headers + "|") + "Host: examplebucket.s3.amazonaws.com|x-amz-content-sha256: " + hash, hash));

    [Theory]
    [InlineData("execute-api", "/a%FFb", "q=%ff&a=b+c%2B&%E9", "/a%25FFb", "%E9=&a=b%20c%2B&q=%FF")]
    [InlineData("s3", "/a%ffb+c", "q=%", "/a%FFb%2Bc", "q=%25")]
    [InlineData("s3express", "/a%ffb//c", "q=%", "/a%FFb//c", "q=%25")]
    [InlineData("s3-outposts", "/a%ffb//c", "q=%", "/a%FFb//c", "q=%25")]
    [InlineData("s3-object-lambda", "/a%ffb//c", "q=%", "/a%FFb//c", "q=%25")]
    [InlineData("s3tables", "/a%ffb//c", "q=%", "/a%25ffb/c", "q=%25")]
    public void SigV4_OfBytesThatAreNoText_AndOfHeadersThatAreSentAsOne(string service, string path, string query, string canonicalPath, string canonicalQuery) => Assert.Equal(
        $"GET\n{canonicalPath}\n{canonicalQuery}\nhost:h.example\nx-amz-meta-a:b, c d\n\nhost;x-amz-meta-a\n{EmptyHash}",
        AwsSignature.Canonical(
            service, "GET", path, query, [new("X-Amz-Meta-A", "b"), new("x-amz-meta-a", " c   d "), new("Host", "h.example")], EmptyHash, out _));

    [Fact]
    public void EscapedBytes_OfAnyText_AreTheOneSpellingOfItsBytes() =>
        Gen.Select(Gen.Char["ab%2F0fA+ ~&=é\0ÿ"].Array[0, 40], Gen.Bool).Sample(
            (chars, plusIsSpace) =>
            {
                var normal = EscapedBytes.Normalize(new string(chars), plusIsSpace);
                Assert.Matches("^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$", normal);
                Assert.Equal(normal, EscapedBytes.Normalize(normal, plusIsSpace));
            },
            iter: 5_000);

    [Fact]
    public void OAuth1_OfBytesThatAreNoText() => Assert.Equal(
        "POST&http%3A%2F%2Fh.example%2F&a%3D%25C3%25A9%26oauth_nonce%3Dx%2520y%26q%3D%25FF%2520",
        SignatureText.Make("POST", new Uri("http://h.example/?q=%ff+"), "a=\u00C3\u00A9", [("oauth_nonce", "x y")]));

    /// <summary>RFC 7520 sections 4.1 to 4.4: the same signature where it is always the same, else one that the same key verifies.</summary>
    [Theory]
    [InlineData("4.1")]
    [InlineData("4.2")]
    [InlineData("4.3")]
    [InlineData("4.4")]
    public void Jws_OfRfc7520(string section)
    {
        using var stream = typeof(SignatureVectorTests).Assembly.GetManifestResourceStream("rfc7520.json")!;
        var vector = JsonNode.Parse(stream)!.AsArray().Single(entry => (string?)entry!["section"] == section)!;
        var algorithm = JwtAlgorithm.Find((string)vector["alg"]!)!;
        var input = Encoding.ASCII.GetBytes((string)vector["input"]!);
        var expected = Base64Url.DecodeFromChars((string)vector["signature"]!);
        var signed = SigningKey.Sign(algorithm, vector["key"]!.ToJsonString(), null, input)!;
        byte[] Part(string name) => Base64Url.DecodeFromChars((string)vector["key"]![name]!);
        switch (section)
        {
            case "4.2":
                using (var rsa = RSA.Create(new RSAParameters { Modulus = Part("n"), Exponent = Part("e") }))
                {
                    Assert.True(rsa.VerifyData(input, expected, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
                    Assert.True(rsa.VerifyData(input, signed, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
                }

                break;
            case "4.3":
                using (var ec = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP521, Q = new ECPoint { X = Part("x"), Y = Part("y") } }))
                {
                    Assert.True(ec.VerifyData(input, expected, HashAlgorithmName.SHA512));
                    Assert.True(ec.VerifyData(input, signed, HashAlgorithmName.SHA512));
                }

                break;
            default:
                Assert.Equal(expected, signed);
                break;
        }
    }

    [Fact]
    public void OAuth1_BaseString_OfRfc5849() => Assert.Equal(
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a"
        + "%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7",
        SignatureText.Make(
            "POST",
            new Uri("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }),
            "c2&a3=2+q",
            [
                ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"), ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131201"), ("oauth_nonce", "7d8f3e4a"),
            ]));

    [Fact]
    public void OAuth1_Signature_OfRfc5849() => Assert.Equal(
        "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        SignatureText.Hash("HMAC-SHA1", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00", SignatureText.Make(
            "GET",
            new Uri("http://photos.example.net/photos?file=vacation.jpg&size=original"),
            null,
            [
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"), ("oauth_token", "nnch734d00sl2jdk"), ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131202"), ("oauth_nonce", "chapoH"),
            ])));

    [Theory]
    [InlineData("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void Digest_OfRfc7616(string algorithm, string response) => Assert.Equal(
        response,
        DigestAnswer.Make(
            DigestChallenge.Choose([$"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""])!,
            "Mufasa", "Circle of Life", "GET", "/dir/index.html", default, 1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ").Response);

    [Fact]
    public void Digest_ChoosesTheStrongest_AmongSeveralSchemes()
    {
        var challenge = DigestChallenge.Choose(
        [
            "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\", Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"",
            "Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth-int,auth\"", "Digest realm=\"r\", nonce=\"n3\", algorithm=SHA-512-256, qop=\"auth\"",
        ]);
        Assert.Equal(("n2", "auth"), (challenge!.Nonce, challenge.Qop));
    }

    [Fact]
    public void Digest_Challenges_OfStrangers_NeverThrow() =>
        Gen.String[Gen.Char["Digest realm=\"nonce,qop\\ \t'ä\u0001"], 0, 200].Sample(text => DigestChallenge.Choose([text, "Digest " + text]));

    [Fact]
    public void Jws_OfRfc7515_A1() => Assert.Equal(
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        Base64Url.EncodeToString(SigningKey.Sign(
            JwtAlgorithm.Find("HS256")!,
            """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}""",
            null,
            Encoding.ASCII.GetBytes("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"))));

    [Fact]
    public void Jws_WithAKeyOfAnotherKind_IsNone()
    {
        const string Pem = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----";
        Assert.All(new[] { "HS256", "RS256", "ES256", "PS512" }, name => Assert.Null(SigningKey.Sign(JwtAlgorithm.Find(name)!, Pem, null, [1])));
        Assert.Null(SigningKey.Sign(JwtAlgorithm.Find("RS256")!, """{"kty":"oct","k":"AyM1"}""", null, [1]));
        Assert.Null(SigningKey.Sign(JwtAlgorithm.Find("ES256")!, "{", null, [1]));
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS384")]
    public void Jws_WithAnRsaJwk_OfItsExponentsAlone(string name)
    {
        // RFC 7518 section 6.3.2: a producer only SHOULD put the primes in.
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportParameters(includePrivateParameters: true);
        var algorithm = JwtAlgorithm.Find(name)!;
        var padding = algorithm.Family == "PS" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        var signed = SigningKey.Sign(algorithm, RsaJwk(key.Modulus!, key.Exponent!, key.D!), null, "data"u8.ToArray());
        Assert.NotNull(signed);
        Assert.True(rsa.VerifyData("data"u8, signed, algorithm.Hash, padding));
    }

    [Theory]
    [InlineData("d", "AQAB")]
    [InlineData("d", "AA")]
    [InlineData("e", "AQ")]
    [InlineData("e", "AQAD")]
    [InlineData("n", "AA")]
    [InlineData("n", "AQ")]
    [InlineData("n", "AQABAQABAQABAQAB")]
    public void Jws_WithAnRsaJwk_WhosePartsDontFit_IsNone(string part, string value)
    {
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportParameters(includePrivateParameters: true);
        var jwk = JsonNode.Parse(RsaJwk(key.Modulus!, key.Exponent!, key.D!))!;
        jwk[part] = value;
        Assert.Null(SigningKey.Sign(JwtAlgorithm.Find("RS256")!, jwk.ToJsonString(), null, [1]));
    }

    private static string RsaJwk(byte[] n, byte[] e, byte[] d) => new JsonObject
    {
        ["kty"] = "RSA",
        ["n"] = Base64Url.EncodeToString(n),
        ["e"] = Base64Url.EncodeToString(e),
        ["d"] = Base64Url.EncodeToString(d),
    }.ToJsonString();

    private static string SignAws(string id, string key, string time, string service, string method, string path, string query, string headers, string hash)
    {
        var now = DateTimeOffset.ParseExact(time, "yyyyMMdd'T'HHmmss'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal);
        return AwsSignature.Make(
            new AwsSignature.Signer(id, key, "us-east-1", service, now), method, path, query,
            headers.Split('|').Append("X-Amz-Date: " + time).Select(line => line.Split(": ", 2)).Select(pair => new KeyValuePair<string, string>(pair[0], pair[1])),
            hash).Signature;
    }
}
