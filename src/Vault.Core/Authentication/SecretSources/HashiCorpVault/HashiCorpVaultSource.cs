using System.Net;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources.HashiCorpVault;

/// <summary>
/// HashiCorp Vault or OpenBao, key/value engine of version 1 or 2 (their HTTP API, "KV secrets engine"): <c>secret</c> is <c>mount/path</c>, as the command
/// <c>vault kv get</c> takes it. Signs in by a token, an AppRole or a Kubernetes service account.
/// </summary>
internal sealed class HashiCorpVaultSource(Uri url, string? @namespace, int engine, string? prefix, HashiCorpSignIn signIn, SourceRequest request) : ISecretSource
{
    /// <summary>Reads the settings.</summary>
    public static HashiCorpVaultSource Read(SecretSourceSettings settings, HttpMessageInvoker http, TimeProvider time)
    {
        settings.AllowOnly("Url", "Namespace", "EngineVersion", "Prefix", "Token", "TokenPath", "RoleId", "SecretId", "SecretIdPath", "KubernetesRole", "JwtPath", "AuthMount");
        var url = settings.FindUrl("Url") ?? throw settings.Bad("Url", "is missing");
        var engine = settings.Find("EngineVersion") switch
        {
            null or "2" => 2,
            "1" => 1,
            _ => throw settings.Bad("EngineVersion", "must be 1 or 2"),
        };
        var request = new SourceRequest(settings.Source, http, time);
        var @namespace = settings.FindHeader("Namespace");
        if (engine == 1 && settings.Find("Prefix") is null)
        {
            // Of version 1 a path is any of the API's, tokens and leases included.
            throw settings.Bad("Prefix", "is missing, and an engine of version 1 needs it: the mount, with a / at its end");
        }

        return new HashiCorpVaultSource(url, @namespace, engine, settings.Find("Prefix"), HashiCorpSignIn.Read(settings, url, @namespace, request, time), request);
    }

    /// <inheritdoc />
    public string? Check(SecretReference reference) =>
        reference.Field is null ? "names no field, and a secret there has several"
        : reference.Version is not null && (engine == 1 || !reference.Version.All(char.IsAsciiDigit)) ? "names a version that isn't a number, or an engine of version 1, which has none"
        : reference.Secret.Split('/') is not [_, _, ..] parts || parts.Any(part => part.Length == 0 || part is "." or "..") ? "must name a secret as mount/path"
        : parts[0] is "auth" or "sys" or "identity" or "cubbyhole" ? "names a part of the API that keeps no secrets"
        : prefix is not null && !reference.Secret.StartsWith(prefix, StringComparison.Ordinal) ? $"must begin with {prefix} (Prefix)"
        : null;

    /// <inheritdoc />
    public async Task<Result<SecretText>> GetAsync(SecretReference reference, CancellationToken cancellationToken)
    {
        HttpStatusCode? status = null;
        var found = await GetAsync(reference, answered => status = answered, cancellationToken);
        if (status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized && signIn.Forget())
        {
            // It may have been the token that is no longer good.
            return await GetAsync(reference, null, cancellationToken);
        }

        return found;
    }

    private async Task<Result<SecretText>> GetAsync(SecretReference reference, Action<HttpStatusCode>? refused, CancellationToken cancellationToken)
    {
        var token = await signIn.TokenAsync(cancellationToken);
        if (!token.IsOk)
        {
            return token.Error;
        }

        var parts = reference.Secret.Split('/').Select(Uri.EscapeDataString).ToArray();
        var path = engine == 1 ? string.Join('/', parts) : $"{parts[0]}/data/{string.Join('/', parts[1..])}{(reference.Version is { } version ? "?version=" + version : "")}";
        var message = new HttpRequestMessage(HttpMethod.Get, $"{url.AbsoluteUri.TrimEnd('/')}/v1/{path}");
        message.Headers.Add("X-Vault-Token", token.Value.Reveal());
        message.Headers.Add("X-Vault-Request", "true");
        if (@namespace is not null)
        {
            message.Headers.Add("X-Vault-Namespace", @namespace);
        }

        return await request.SendAsync(
            message,
            json => SourceRequest.Field(engine == 1 ? json.GetProperty("data") : json.GetProperty("data").GetProperty("data"), reference.Field),
            cancellationToken, refused);
    }
}
