using System.Net.Http.Headers;
using Azure.Core;
using Azure.Identity;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources.AzureKeyVault;

/// <summary>
/// Azure Key Vault (its REST API, "Get Secret", version 7.4): <c>secret</c> is the name. The credentials are found as every Azure SDK finds them
/// (environment, workload or managed identity, a signed-in developer).
/// </summary>
internal sealed class AzureKeyVaultSource(Uri url, string? prefix, TokenCredential credential, SourceRequest request) : ISecretSource
{
    private const string ApiVersion = "7.4";

    /// <summary>Reads the settings.</summary>
    public static AzureKeyVaultSource Read(SecretSourceSettings settings, HttpMessageInvoker http, TimeProvider time, TokenCredential? credential = null)
    {
        settings.AllowOnly("VaultUri", "Prefix");
        var url = settings.FindUrl("VaultUri") ?? throw settings.Bad("VaultUri", "is missing");
        return url.AbsolutePath == "/"
            ? new AzureKeyVaultSource(url, settings.Find("Prefix"), credential ?? new DefaultAzureCredential(), new SourceRequest(settings.Source, http, time))
            : throw settings.Bad("VaultUri", "must have no path, as in https://name.vault.azure.net");
    }

    /// <inheritdoc />
    public string? Check(SecretReference reference) =>
        !IsName(reference.Secret) || reference.Version?.All(char.IsAsciiLetterOrDigit) is false ? "must name a secret of letters, digits and hyphens, and a version of letters and digits"
        : prefix is not null && !reference.Secret.StartsWith(prefix, StringComparison.Ordinal) ? $"must begin with {prefix} (Prefix)"
        : null;

    /// <inheritdoc />
    public async Task<Result<SecretText>> GetAsync(SecretReference reference, CancellationToken cancellationToken)
    {
        AccessToken token;
        try
        {
            // Of every cloud: what stands behind the name of the vault is who tokens are for.
            var audience = url.Host.Split('.', 2) is [_, var suffix] ? suffix : url.Host;
            token = await credential.GetTokenAsync(new TokenRequestContext([$"https://{audience}/.default"]), cancellationToken);
        }
        catch (AuthenticationFailedException)
        {
            return request.Failed("can't be asked: this vault finds no Azure credentials, or they are refused");
        }

        var message = new HttpRequestMessage(
            HttpMethod.Get, $"{url.AbsoluteUri}secrets/{reference.Secret}{(reference.Version is { } version ? "/" + version : "")}?api-version={ApiVersion}");
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        return await request.SendAsync(
            message,
            json =>
            {
                var value = json.GetProperty("value");
                if (reference.Field is null)
                {
                    return SourceRequest.Field(value, null);
                }

                using var inner = System.Text.Json.JsonDocument.Parse(value.GetString() ?? "");
                return SourceRequest.Field(inner.RootElement, reference.Field);
            },
            cancellationToken);
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 127 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
