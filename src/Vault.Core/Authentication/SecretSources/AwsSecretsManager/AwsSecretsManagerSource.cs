using System.Text;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Vault.Core.Authentication.Signing;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources.AwsSecretsManager;

/// <summary>
/// AWS Secrets Manager (its API reference, <c>GetSecretValue</c>): <c>secret</c> is the name or ARN; with <c>field</c>, the secret is a JSON object. The
/// credentials are found as the AWS SDK finds them, unless the settings hold some.
/// </summary>
internal sealed class AwsSecretsManagerSource(string region, Uri url, string? prefix, Func<Task<ImmutableCredentials>> credentials, SourceRequest request, TimeProvider time) : ISecretSource
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private const string Service = "secretsmanager";
    private const string ContentType = "application/x-amz-json-1.1";
    private const string Target = "secretsmanager.GetSecretValue";

    /// <summary>Reads the settings.</summary>
    public static AwsSecretsManagerSource Read(SecretSourceSettings settings, HttpMessageInvoker http, TimeProvider time)
    {
        settings.AllowOnly("Region", "ServiceUrl", "AccessKeyId", "SecretAccessKey", "SessionToken", "Prefix");
        if (settings.Find("AccessKeyId") is null && (settings.Find("SecretAccessKey") ?? settings.Find("SessionToken")) is not null)
        {
            throw settings.Bad("AccessKeyId", "is missing, and the keys beside it need it");
        }

        var region = settings.Require("Region");
        if (!region.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            throw settings.Bad("Region", "must be the name of a region, as in eu-central-1");
        }

        var suffix = region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        var url = settings.FindUrl("ServiceUrl") ?? new Uri($"https://{Service}.{region}.{suffix}");
        if (url.AbsolutePath != "/")
        {
            throw settings.Bad("ServiceUrl", "must have no path");
        }

        Func<Task<ImmutableCredentials>> credentials = settings.Find("AccessKeyId") is { } id
            ? Fixed(id, settings.Require("SecretAccessKey"), settings.Find("SessionToken"))
            : async () => await (await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync()).GetCredentialsAsync();
        return new AwsSecretsManagerSource(region, url, settings.Find("Prefix"), credentials, new SourceRequest(settings.Source, http, time), time);

        static Func<Task<ImmutableCredentials>> Fixed(string id, string key, string? session)
        {
            var made = new ImmutableCredentials(id, key, session);
            return () => Task.FromResult(made);
        }
    }

    /// <inheritdoc />
    public string? Check(SecretReference reference) =>
        prefix is not null && !reference.Secret.StartsWith(prefix, StringComparison.Ordinal) ? $"must begin with {prefix} (Prefix)" : null;

    /// <inheritdoc />
    public async Task<Result<SecretText>> GetAsync(SecretReference reference, CancellationToken cancellationToken)
    {
        ImmutableCredentials keys;
        try
        {
            keys = await credentials().WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is AmazonClientException or AmazonServiceException or HttpRequestException)
        {
            return request.Failed("can't be asked: this vault finds no AWS credentials");
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(reference.Version is { } version
            ? new Dictionary<string, string> { ["SecretId"] = reference.Secret, ["VersionId"] = version }
            : new Dictionary<string, string> { ["SecretId"] = reference.Secret });
        return await request.SendAsync(Sign(body, keys), json => Value(json, reference.Field), cancellationToken);
    }

    private static SecretText? Value(JsonElement answer, string? field)
    {
        if (answer.TryGetProperty("SecretString", out var text))
        {
            if (field is null)
            {
                return SourceRequest.Field(text, null);
            }

            using var inner = JsonDocument.Parse(text.GetString() ?? "");
            return SourceRequest.Field(inner.RootElement, field);
        }

        return field is null && answer.TryGetProperty("SecretBinary", out var binary) ? new SecretText(Strict.GetString(binary.GetBytesFromBase64())) : null;
    }

    private HttpRequestMessage Sign(byte[] body, ImmutableCredentials keys)
    {
        var now = time.GetUtcNow();
        List<KeyValuePair<string, string>> headers =
        [
            new("Content-Type", ContentType),
            new("Host", url.IsDefaultPort ? url.IdnHost : url.Authority),
            new("X-Amz-Date", AwsSignature.TimeOf(now)),
            new("X-Amz-Target", Target),
        ];
        if (keys.UseToken)
        {
            headers.Add(new("X-Amz-Security-Token", keys.Token));
        }

        var signer = new AwsSignature.Signer(keys.AccessKey, keys.SecretKey, region, Service, now);
        var (header, _) = AwsSignature.Make(signer, "POST", "/", "", headers, AwsSignature.HashOf(body));
        var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        foreach (var (name, value) in headers.Where(pair => pair.Key is not ("Content-Type" or "Host")))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        message.Headers.TryAddWithoutValidation("Authorization", header);
        return message;
    }
}
