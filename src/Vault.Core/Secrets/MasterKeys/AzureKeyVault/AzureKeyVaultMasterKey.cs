using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;

namespace Vault.Core.Secrets.MasterKeys.AzureKeyVault;

/// <summary>
/// The master key wrapped by an RSA key of Azure Key Vault or Managed HSM (RSA-OAEP with SHA-256), unwrapped there once for each start;
/// signed there (RSA-PSS) when it is made, since whoever has the public key can wrap to it.
/// Credentials are found as every Azure SDK finds them (environment, workload or managed identity, a signed-in developer).
/// </summary>
internal sealed partial class AzureKeyVaultMasterKey(HttpPipeline pipeline, Uri vault, string keyName) : IMasterKeyProvider
{
    private const string ProviderName = "azureKeyVault";
    private const string Algorithm = "RSA-OAEP-256";
    private const string SignatureAlgorithm = "PS256";
    private const string Version = "7.4";

    /// <inheritdoc />
    public string Name => ProviderName;

    /// <summary>Reads the settings.</summary>
    public static AzureKeyVaultMasterKey Read(MasterKeySettings settings) => Read(settings, () => new DefaultAzureCredential(), new PipelineOptions());

    /// <summary>The same with other credentials and another way to send requests.</summary>
    internal static AzureKeyVaultMasterKey Read(MasterKeySettings settings, Func<TokenCredential> credential, ClientOptions options)
    {
        settings.Require("VaultUri");
        var vault = settings.FindUrl("VaultUri", mayBeHttp: false) ?? throw settings.Bad("VaultUri", "is missing");
        var keyName = settings.Require("KeyId");
        if (vault.AbsolutePath != "/")
        {
            throw settings.Bad("VaultUri", "must have no path, as in https://name.vault.azure.net");
        }

        if (!KeyName().IsMatch(keyName))
        {
            throw settings.Bad("KeyId", "must be the name of a key, or name/version");
        }

        // Of every cloud: what stands behind the name of the vault is who tokens are for.
        var audience = vault.Host.Split('.', 2) is [_, var suffix] ? suffix : vault.Host;
        return new AzureKeyVaultMasterKey(
            HttpPipelineBuilder.Build(options, new BearerTokenAuthenticationPolicy(credential(), $"https://{audience}/.default")), vault, keyName);
    }

    /// <inheritdoc />
    public async Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken)
    {
        if (kept is null)
        {
            return null;
        }

        var wrapped = WrappedMasterKey.Read(kept, ProviderName);

        // What is kept names the version of the key, and may only name one of the key that is set (that version, where one is set): a token goes nowhere else.
        var isOfKey = keyName.Contains('/', StringComparison.Ordinal)
            ? wrapped.KeyId.Equals(keyName, StringComparison.OrdinalIgnoreCase)
            : wrapped.KeyId.StartsWith(keyName + "/", StringComparison.OrdinalIgnoreCase);
        if (wrapped.Algorithm != Algorithm || !isOfKey || !KeyName().IsMatch(wrapped.KeyId))
        {
            throw new VaultStartException($"The master key was wrapped by another key than {keyName} (Vault:MasterKey:KeyId). Nothing was changed.");
        }

        if (wrapped.Signature is not { } signature || !await VerifyAsync(wrapped.KeyId, wrapped.Digest(), signature, cancellationToken))
        {
            throw WrappedMasterKey.NotSigned();
        }

        return wrapped.CheckSigned(await CallAsync(wrapped.KeyId, "unwrapkey", Algorithm, wrapped.Ciphertext, cancellationToken));
    }

    /// <inheritdoc />
    public async Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken)
    {
        // The version that is current now: what it wraps is unwrapped with it, whatever comes after it.
        var keyId = keyName.Contains('/', StringComparison.Ordinal)
            ? keyName
            : Read(await SendAsync(RequestMethod.Get, keyName, null, cancellationToken), json => IdOf(json.GetProperty("key")));
        var key = RandomNumberGenerator.GetBytes(32);
        var value = await CallAsync(keyId, "wrapkey", Algorithm, key, cancellationToken);
        var wrapped = new WrappedMasterKey(ProviderName, keyId, Algorithm, value, KeyCheckValue.Of(key, "master"));
        var signed = wrapped with { Signature = await CallAsync(keyId, "sign", SignatureAlgorithm, wrapped.Digest(), cancellationToken) };
        return new NewMasterKey(key, signed.ToBytes());
    }

    [GeneratedRegex(@"\A[0-9A-Za-z-]{1,127}(/[0-9A-Za-z]{1,64})?\z")]
    private static partial Regex KeyName();

    private async Task<bool> VerifyAsync(string key, byte[] digest, byte[] signature, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { alg = SignatureAlgorithm, digest = Base64Url.EncodeToString(digest), value = Base64Url.EncodeToString(signature) });
        return Read(await SendAsync(RequestMethod.Post, $"{key}/verify", body, cancellationToken), json => json.GetProperty("value").GetBoolean());
    }

    private async Task<byte[]> CallAsync(string key, string operation, string algorithm, byte[] value, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { alg = algorithm, value = Base64Url.EncodeToString(value) });
        var answer = await SendAsync(RequestMethod.Post, $"{key}/{operation}", body, cancellationToken);
        return Read(answer, json => IdOf(json).Equals(key, StringComparison.OrdinalIgnoreCase) ? Base64Url.DecodeFromChars(json.GetProperty("value").GetString()) : throw new FormatException());
    }

    private async Task<ReadOnlyMemory<byte>> SendAsync(RequestMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        using var message = pipeline.CreateMessage();
        message.BufferResponse = true;
        message.Request.Method = method;
        message.Request.Uri.Reset(vault);
        message.Request.Uri.AppendPath("keys/" + path, escape: false);
        message.Request.Uri.AppendQuery("api-version", Version);
        message.Request.Headers.SetValue("Accept", "application/json");
        if (body is not null)
        {
            message.Request.Headers.SetValue("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(body);
        }

        try
        {
            await pipeline.SendAsync(message, cancellationToken);
        }
        catch (AuthenticationFailedException exception)
        {
            throw new VaultStartException("There are no Azure credentials to reach the key vault with (Vault:MasterKey:VaultUri). Nothing was changed.", exception);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or HttpRequestException or OperationCanceledException or IOException)
        {
            throw new VaultStartException("Azure Key Vault can't be reached (Vault:MasterKey:VaultUri). Nothing was changed.", exception);
        }

        return message.Response.Status == 200
            ? message.Response.Content.ToMemory()
            : throw new VaultStartException(
                $"Azure Key Vault answered keys/{path} with {message.Response.Status} (Vault:MasterKey:VaultUri, KeyId). Nothing was changed.");
    }

    // https://name.vault.azure.net/keys/name/version
    private static string IdOf(JsonElement json) =>
        new Uri(json.GetProperty("kid").GetString() ?? "").AbsolutePath.Trim('/').Split('/') is ["keys", var name, var version] ? name + "/" + version : throw new FormatException();

    private static T Read<T>(ReadOnlyMemory<byte> answer, Func<JsonElement, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return read(json.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new VaultStartException("What Azure Key Vault answered can't be read (Vault:MasterKey:VaultUri). Nothing was changed.", exception);
        }
    }

    /// <summary>How requests are sent: four tries, ten seconds each.</summary>
    internal sealed class PipelineOptions : ClientOptions
    {
        public PipelineOptions()
        {
            Retry.MaxRetries = 3;
            Retry.NetworkTimeout = TimeSpan.FromSeconds(10);
            Diagnostics.IsLoggingContentEnabled = false;
        }
    }
}
