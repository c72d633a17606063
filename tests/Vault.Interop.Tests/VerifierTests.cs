using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>Signatures, verified by libraries from npm: <c>@smithy/signature-v4</c>, <c>oauth-1.0a</c> and <c>jose</c>.</summary>
public sealed class VerifierTests : InteropBench
{
    private const string HmacKey = "a-secret-of-more-than-sixty-four-characters-so-that-HS512-is-content-too";
    private readonly RSA _rsa = RSA.Create(2048);
    private PeerProcess _peer = null!;
    private string _url = "";

    public static TheoryData<string> JwtAlgorithms { get; } =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"];

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _peer.DisposeAsync();
        _rsa.Dispose();
    }

    [Theory]
    [MemberData(nameof(JwtAlgorithms))]
    public async Task Jwt_Verifies_AndSurvivesRevocation(string algorithm)
    {
        using var ec = ECDsa.Create(algorithm switch { "ES384" => ECCurve.NamedCurves.nistP384, "ES512" => ECCurve.NamedCurves.nistP521, _ => ECCurve.NamedCurves.nistP256 });
        var (verify, sign) = algorithm[0] switch
        {
            'H' => (HmacKey, HmacKey),
            'E' => (ec.ExportSubjectPublicKeyInfoPem(), ec.ExportPkcs8PrivateKeyPem()),
            _ => (_rsa.ExportSubjectPublicKeyInfoPem(), _rsa.ExportPkcs8PrivateKeyPem()),
        };
        await StartAsync(verify, algorithm);
        await DefineAsync(_url + "/jwt", new JsonObject
        {
            ["protocol"] = "jwt",
            ["algorithm"] = algorithm,
            ["keyId"] = "key-1",
            ["issuer"] = "issuer-1",
            ["subject"] = "{!$Credential.Account}",
            ["audience"] = "https://audience.example/",
            ["claims"] = new JsonObject { ["scope"] = new JsonArray("read", "{!$Credential.Account}") },
        }, new JsonObject { ["Key"] = sign, ["Account"] = "subject-1" });
        var first = (await AcceptedAsync("/x"))!;
        Assert.Equal("key-1", (string?)first["header"]!["kid"]);
        Assert.Equal("*********", (string?)first["payload"]!["scope"]![1]);
        await RevokeAsync();
        await AcceptedAsync("/x");
        await RevokeAsync();
        await AcceptedAsync("/x", "{}");
    }

    [Theory]
    [InlineData("execute-api")]
    [InlineData("s3")]
    public async Task SigV4_Verifies(string service)
    {
        await StartAsync();
        await DefineAsync(_url + "/aws", new JsonObject { ["protocol"] = "awsSigV4", ["region"] = "eu-west-1", ["service"] = service }, AwsKeys);
        foreach (var path in new[] { "", "/", "/a/b", "/a%20b/c~d-e_f.g", "/x?b=2&a=1&a=0&empty=&plus=a%2Bb%20c&uni=%C3%A9", "/%E2%82%AC" })
        {
            await AcceptedAsync(path);
            await AcceptedAsync(path, """{ "TableName": "T" }""", "application/x-amz-json-1.0");
        }
    }

    [Fact]
    public async Task SigV4_WithARole_SurvivesItsRevocation()
    {
        await StartAsync();
        await DefineAsync(_url + "/aws", new JsonObject
        {
            ["protocol"] = "awsSigV4",
            ["region"] = "us-east-1",
            ["service"] = "dynamodb",
            ["roleArn"] = "arn:aws:iam::123456789012:role/caller",
            ["externalId"] = "external-1",
            ["stsUrl"] = _url + "/sts",
        }, AwsKeys);
        Assert.Equal(1, (int)(await AcceptedAsync("/x"))!["assumed"]!);
        await RevokeAsync();
        Assert.Equal(2, (int)(await AcceptedAsync("/x"))!["assumed"]!);
        await RevokeAsync();
        Assert.Equal(3, (int)(await AcceptedAsync("/x", "{}"))!["assumed"]!);
    }

    [Theory]
    [InlineData("HMAC-SHA1")]
    [InlineData("HMAC-SHA256")]
    [InlineData("RSA-SHA1")]
    [InlineData("PLAINTEXT")]
    public async Task OAuth1_Verifies(string method)
    {
        await StartAsync();
        await DefineAsync(_url + "/oauth1", new JsonObject { ["protocol"] = "oauth1", ["signatureMethod"] = method, ["realm"] = "Example" }, new JsonObject
        {
            ["ConsumerKey"] = "consumer-1",
            ["ConsumerSecret"] = "consumer-secret&1",
            ["Token"] = "token-1",
            ["TokenSecret"] = "token-secret 1",
            ["PrivateKey"] = _rsa.ExportPkcs8PrivateKeyPem(),
        });
        foreach (var path in new[] { "/x", "/a%20b", "/x?b=2&a=1&z=a%20b%26c&uni=%C3%A9" })
        {
            Assert.Equal(method, (string?)(await AcceptedAsync(path))!["method"]);
            await AcceptedAsync(path, """{ "small": true }""");
            await AcceptedAsync(path, "c=3&d=a+b%2Bc&e=", "application/x-www-form-urlencoded");
        }
    }

    private static JsonObject AwsKeys => new() { ["AccessKeyId"] = "AKIDEXAMPLE", ["SecretAccessKey"] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

    private async Task StartAsync(string jwtKey = HmacKey, string algorithm = "HS256") =>
        (_peer, _url) = await PeerProcess.NodeAsync("verifiers.mjs", jwtKey, algorithm, _rsa.ExportSubjectPublicKeyInfoPem());

    private Task<string> RevokeAsync() => PeerProcess.AskAsync(_url + "/revoke");
}
