using Amazon;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;

namespace Vault.Core.Secrets.MasterKeys.AwsKms;

/// <summary>
/// The master key as a data key of AWS KMS: made and unwrapped there, once for each start. Credentials are found as every AWS SDK
/// finds them (environment, profile, container, instance).
/// </summary>
internal sealed class AwsKmsMasterKey(Func<IAmazonKeyManagementService> connect, string keyId, Dictionary<string, string> context) : IMasterKeyProvider
{
    private const string ProviderName = "awsKms";
    private const string Algorithm = "AES_256";

    /// <inheritdoc />
    public string Name => ProviderName;

    /// <summary>Reads the settings.</summary>
    public static AwsKmsMasterKey Read(MasterKeySettings settings)
    {
        var keyId = settings.Require("KeyId");
        var region = settings.Find("Region") ?? RegionOf(keyId);
        var url = settings.FindUrl("ServiceUrl", mayBeHttp: true);
        if (url is { IsLoopback: false } && url.Scheme != Uri.UriSchemeHttps)
        {
            // The answer holds the master key.
            throw settings.Bad("ServiceUrl", "must be an https URL; http is for this machine alone");
        }

        var configuration = new AmazonKeyManagementServiceConfig { Timeout = TimeSpan.FromSeconds(10), MaxErrorRetry = 4, RetryMode = RequestRetryMode.Standard };
        if (url is not null)
        {
            configuration.ServiceURL = url.ToString();
            configuration.AuthenticationRegion = region ?? throw settings.Bad("Region", $"is missing, and {settings.NameOf("ServiceUrl")} needs it");
        }
        else if (region is not null)
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        var context = settings.Below("EncryptionContext");
        return new AwsKmsMasterKey(() => Connect(settings, configuration), keyId, context.Count > 0 ? context : new Dictionary<string, string> { ["purpose"] = "vault-master-key" });
    }

    /// <inheritdoc />
    public async Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken)
    {
        if (kept is null)
        {
            return null;
        }

        var wrapped = WrappedMasterKey.Read(kept, ProviderName);
        return await CallAsync("unwrap", async kms =>
        {
            var answer = await kms.DecryptAsync(
                new DecryptRequest { KeyId = keyId, CiphertextBlob = new MemoryStream(wrapped.Ciphertext), EncryptionContext = context }, cancellationToken);
            return WrappedMasterKey.Check(answer.Plaintext.ToArray());
        });
    }

    /// <inheritdoc />
    public Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken) => CallAsync("make", async kms =>
    {
        var answer = await kms.GenerateDataKeyAsync(
            new GenerateDataKeyRequest { KeyId = keyId, KeySpec = DataKeySpec.AES_256, EncryptionContext = context }, cancellationToken);
        var wrapped = new WrappedMasterKey(ProviderName, answer.KeyId ?? keyId, Algorithm, answer.CiphertextBlob.ToArray());
        return new NewMasterKey(WrappedMasterKey.Check(answer.Plaintext.ToArray()), wrapped.ToBytes());
    });

    // arn:aws:kms:eu-central-1:111122223333:key/…
    private static string? RegionOf(string keyId) => keyId.Split(':') is ["arn", _, "kms", { Length: > 0 } region, ..] ? region : null;

    private static AmazonKeyManagementServiceClient Connect(MasterKeySettings settings, AmazonKeyManagementServiceConfig configuration)
    {
        try
        {
            return new AmazonKeyManagementServiceClient(configuration);
        }
        catch (AmazonClientException exception)
        {
            throw settings.Bad("Region", "is missing, and nothing in the environment says which region the key is in", exception);
        }
    }

    private async Task<T> CallAsync<T>(string what, Func<IAmazonKeyManagementService, Task<T>> call)
    {
        using var kms = connect();
        try
        {
            return await call(kms);
        }
        catch (AmazonServiceException exception)
        {
            throw new VaultStartException(
                $"AWS KMS would not {what} the master key with {keyId} (Vault:MasterKey:KeyId): {exception.ErrorCode ?? exception.StatusCode.ToString()}. Nothing was changed.", exception);
        }
        catch (Exception exception) when (exception is AmazonClientException or HttpRequestException or OperationCanceledException or IOException)
        {
            throw new VaultStartException(
                $"AWS KMS can't be reached, or there are no AWS credentials, to {what} the master key (Vault:MasterKey:KeyId, Region, ServiceUrl). Nothing was changed.", exception);
        }
    }
}
