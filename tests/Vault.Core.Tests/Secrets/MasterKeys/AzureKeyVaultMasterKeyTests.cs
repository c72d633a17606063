using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Secrets.MasterKeys.AzureKeyVault;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>A key wrapped by Azure Key Vault, through the SDK's pipeline, against a stand-in that speaks its protocol.</summary>
public sealed class AzureKeyVaultMasterKeyTests : RemoteMasterKeyContract
{
    private readonly Dictionary<string, RSA> _keys = new() { ["one/v1"] = RSA.Create(2048), ["other/v1"] = RSA.Create(2048) };
    private static readonly X509Certificate2 Certificate = TestCertificates.SelfSign("localhost");
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == Certificate.Thumbprint },
    });
    private string _current = "v1";

    protected override string Name => "azureKeyVault";

    protected override Dictionary<string, string?> Settings => new() { ["Provider"] = "azureKeyVault", ["VaultUri"] = "https://name.vault.azure.net", ["KeyId"] = "one" };

    protected override IReadOnlyList<(string, string?)> BadSettings =>
        [("VaultUri", null), ("VaultUri", "http://name.vault.azure.net"), ("VaultUri", "https://name.vault.azure.net/keys"), ("KeyId", null), ("KeyId", "../secrets/one")];

    internal override IMasterKeyProvider Provider => Make("one");

    internal override IMasterKeyProvider Other => Make("other");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _client.Dispose();
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }

    [Fact]
    public async Task KeyThatGotANewVersion_IsUnwrappedWithItsOwn()
    {
        var made = await MakeAsync();
        _keys["one/v2"] = RSA.Create(2048);
        _current = "v2";
        Assert.Equal(made.Key, await Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.EndsWith("keys/one/v2/sign?api-version=7.4", (await LastOfMakingAsync()).Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeptIdOfAnotherPlace_IsNeverAsked()
    {
        var made = await MakeAsync();
        var asked = Service.Requests.Count;
        await Assert.ThrowsAsync<VaultStartException>(() => Make("one/v2").FindAsync(made.Kept, CancellationToken.None));
        foreach (var id in new[] { "https://evil.example/keys/one/v1", "one/../../evil", "other/v1", "one" })
        {
            var planted = (WrappedMasterKey.Read(made.Kept!, Name) with { KeyId = id }).ToBytes();
            await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(planted, CancellationToken.None));
        }

        Assert.Equal(asked, Service.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeyThatSomebodyElseWrapped_WithThePublicKey_IsNeverTaken(bool withOldSignature)
    {
        var made = WrappedMasterKey.Read((await MakeAsync()).Kept!, Name);
        var planted = RandomNumberGenerator.GetBytes(32);
        using var publicKey = RSA.Create(_keys["one/v1"].ExportParameters(includePrivateParameters: false));
        var forged = made with
        {
            Ciphertext = publicKey.Encrypt(planted, RSAEncryptionPadding.OaepSHA256),
            CheckValue = KeyCheckValue.Of(planted, "master"),
            Signature = withOldSignature ? made.Signature : null,
        };
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(forged.ToBytes(), CancellationToken.None));
        Assert.Contains("wasn't signed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_CarryTheToken_ForTheVaultsAudience()
    {
        await MakeAsync();
        Assert.All(Service.Requests, request => Assert.Equal("Bearer token-for-https://vault.azure.example/.default", request.Header("Authorization")));
    }

    protected override async Task<RecordingUpstream> StartAsync()
    {
        var service = await RecordingUpstream.StartAsync(https: new HttpsConnectionAdapterOptions { ServerCertificate = Certificate });
        service.Answer = AnswerAsync;
        return service;
    }

    private async Task<RecordedRequest> LastOfMakingAsync()
    {
        await Provider.CreateAsync(CancellationToken.None);
        return Service.Requests[^1];
    }

    private AzureKeyVaultMasterKey Make(string keyName)
    {
        // The name of the vault goes to the stand-in.
        var options = new AzureKeyVaultMasterKey.PipelineOptions { Transport = new HttpClientTransport(new Redirecting(_client, new Uri(Service.Url))) };
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(5);
        return AzureKeyVaultMasterKey.Read(SettingsOf(new() { ["VaultUri"] = "https://name.vault.azure.example", ["KeyId"] = keyName }), () => new FixedCredential(), options);
    }

    private Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        if (Mood is KeyServiceMood.Denied)
        {
            return ErrorAsync(context, 403, "Forbidden");
        }

        if (Mood is KeyServiceMood.Throttled || (Mood is KeyServiceMood.ThrottledTwice && Throttled < 2))
        {
            Throttled++;
            return ErrorAsync(context, 429, "Throttled");
        }

        var segments = context.Request.Path.Value!.Trim('/').Split('/');
        if (segments is ["keys", var name] && _keys.ContainsKey($"{name}/{_current}"))
        {
            return context.Response.WriteAsync(new JsonObject { ["key"] = new JsonObject { ["kid"] = $"https://name.vault.azure.example/keys/{name}/{_current}", ["kty"] = "RSA" } }.ToJsonString());
        }

        if (segments is not ["keys", var named, var version, var operation] || !_keys.TryGetValue($"{named}/{version}", out var key))
        {
            return ErrorAsync(context, 404, "KeyNotFound");
        }

        var body = JsonNode.Parse(request.Text)!;
        Assert.Equal(operation is "sign" or "verify" ? "PS256" : "RSA-OAEP-256", (string?)body["alg"]);
        try
        {
            var value = Base64Url.DecodeFromChars((string)body["value"]!);
            if (operation == "verify")
            {
                var isSigned = key.VerifyHash(Base64Url.DecodeFromChars((string)body["digest"]!), value, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
                return context.Response.WriteAsync(new JsonObject { ["value"] = isSigned }.ToJsonString());
            }

            var result = operation switch
            {
                "wrapkey" => key.Encrypt(value, RSAEncryptionPadding.OaepSHA256),
                "sign" => key.SignHash(value, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
                _ => key.Decrypt(value, RSAEncryptionPadding.OaepSHA256),
            };
            return context.Response.WriteAsync(new JsonObject { ["kid"] = $"https://name.vault.azure.example/keys/{named}/{version}", ["value"] = Base64Url.EncodeToString(result) }.ToJsonString());
        }
        catch (CryptographicException)
        {
            return ErrorAsync(context, 400, "BadParameter");
        }
    }

    private static Task ErrorAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = "no" } }.ToJsonString());
    }

    private sealed class FixedCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new("token-for-" + requestContext.Scopes[0], DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }

    private sealed class Redirecting(HttpClient client, Uri service) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var there = new HttpRequestMessage(request.Method, new UriBuilder(request.RequestUri!) { Host = service.Host, Port = service.Port }.Uri) { Content = request.Content };
            foreach (var header in request.Headers.Where(header => header.Key != "Host"))
            {
                there.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            return await client.SendAsync(there, cancellationToken);
        }
    }
}
