using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Microsoft.AspNetCore.Http;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Secrets.MasterKeys.AwsKms;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>A key wrapped by AWS KMS, through its SDK, against a stand-in that speaks its protocol.</summary>
public sealed class AwsKmsMasterKeyTests : RemoteMasterKeyContract
{
    private const string Arn = "arn:aws:kms:eu-central-1:111122223333:key/";
    private readonly Dictionary<string, byte[]> _keys = new() { ["one"] = RandomNumberGenerator.GetBytes(32), ["other"] = RandomNumberGenerator.GetBytes(32) };

    protected override string Name => "awsKms";

    protected override Dictionary<string, string?> Settings => new() { ["Provider"] = "awsKms", ["KeyId"] = Arn + "one", ["ServiceUrl"] = Service.Url };

    protected override IReadOnlyList<(string, string?)> BadSettings => [("KeyId", null), ("ServiceUrl", "ftp://kms"), ("ServiceUrl", "not a url"), ("ServiceUrl", "http://kms.example.com")];

    internal override IMasterKeyProvider Provider => Make(Arn + "one");

    internal override IMasterKeyProvider Other => Make(Arn + "other");

    [Fact]
    public async Task OtherEncryptionContext_IsRefused()
    {
        var made = await MakeAsync();
        var elsewhere = Make(Arn + "one", new() { ["purpose"] = "something else" });
        Assert.Contains("InvalidCiphertextException", (await Assert.ThrowsAsync<VaultStartException>(() => elsewhere.FindAsync(made.Kept, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_AreSigned_AndNameTheKey()
    {
        await MakeAsync();
        var request = Assert.Single(Service.Requests);
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=test-id/", request.Header("Authorization"), StringComparison.Ordinal);
        Assert.Contains("/eu-central-1/kms/aws4_request", request.Header("Authorization"), StringComparison.Ordinal);
        Assert.Equal(Arn + "one", (string?)JsonNode.Parse(request.Text)!["KeyId"]);
        Assert.Equal("vault-master-key", (string?)JsonNode.Parse(request.Text)!["EncryptionContext"]!["purpose"]);
    }

    protected override async Task<RecordingUpstream> StartAsync()
    {
        var service = await RecordingUpstream.StartAsync();
        service.Answer = AnswerAsync;
        return service;
    }

    private AwsKmsMasterKey Make(string keyId, Dictionary<string, string>? context = null)
    {
        var url = Service.Url;
        return new AwsKmsMasterKey(
            () => new AmazonKeyManagementServiceClient(
                new BasicAWSCredentials("test-id", "test-secret"),
                new AmazonKeyManagementServiceConfig { ServiceURL = url, AuthenticationRegion = "eu-central-1", MaxErrorRetry = 3, Timeout = TimeSpan.FromSeconds(5) }),
            keyId, context ?? new() { ["purpose"] = "vault-master-key" });
    }

    private Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        if (Mood is KeyServiceMood.Denied)
        {
            return ErrorAsync(context, "AccessDeniedException");
        }

        if (Mood is KeyServiceMood.Throttled || (Mood is KeyServiceMood.ThrottledTwice && Throttled < 2))
        {
            Throttled++;
            return ErrorAsync(context, "ThrottlingException");
        }

        var body = JsonNode.Parse(request.Text)!;
        var keyId = (string)body["KeyId"]!;
        if (!_keys.TryGetValue(keyId[Arn.Length..], out var key))
        {
            return ErrorAsync(context, "NotFoundException");
        }

        // The name of the key stands before the ciphertext, as KMS itself knows which key made one.
        var aad = Encoding.UTF8.GetBytes(body["EncryptionContext"]!.ToJsonString());
        using var aes = new AesGcm(key, 16);
        if (request.Header("X-Amz-Target") == "TrentService.GenerateDataKey")
        {
            var (plaintext, blob) = (RandomNumberGenerator.GetBytes(32), new byte[1 + 12 + 32 + 16]);
            blob[0] = (byte)keyId[^1];
            RandomNumberGenerator.Fill(blob.AsSpan(1, 12));
            aes.Encrypt(blob.AsSpan(1, 12), plaintext, blob.AsSpan(13, 32), blob.AsSpan(45), aad);
            return JsonAsync(context, new JsonObject { ["KeyId"] = keyId, ["Plaintext"] = Convert.ToBase64String(plaintext), ["CiphertextBlob"] = Convert.ToBase64String(blob) });
        }

        var given = Convert.FromBase64String((string)body["CiphertextBlob"]!);
        if (given[0] != keyId[^1])
        {
            return ErrorAsync(context, "IncorrectKeyException");
        }

        try
        {
            var plaintext = new byte[32];
            aes.Decrypt(given.AsSpan(1, 12), given.AsSpan(13, 32), given.AsSpan(45), plaintext, aad);
            return JsonAsync(context, new JsonObject { ["KeyId"] = keyId, ["Plaintext"] = Convert.ToBase64String(plaintext) });
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return ErrorAsync(context, "InvalidCiphertextException");
        }
    }

    private static Task ErrorAsync(HttpContext context, string type)
    {
        context.Response.StatusCode = 400;
        return JsonAsync(context, new JsonObject { ["__type"] = type, ["message"] = "no" });
    }

    private static Task JsonAsync(HttpContext context, JsonObject json)
    {
        context.Response.ContentType = "application/x-amz-json-1.1";
        return context.Response.WriteAsync(json.ToJsonString());
    }
}
