using System.Net.Http.Json;
using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources.HashiCorpVault;

/// <summary>How the vault introduces itself to a HashiCorp Vault; what it got is kept until shortly before it ends.</summary>
internal sealed class HashiCorpSignIn(Func<CancellationToken, Task<Result<HashiCorpSignIn.Lease>>> signIn, TimeProvider time)
{
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(15);
    private readonly Lock _gate = new();
    private Task<Result<Lease>>? _lease;
    private long _askedAt;

    /// <summary>A token, and how long it is good; null: it doesn't say.</summary>
    internal sealed record Lease(SecretText Token, TimeSpan? Life);

    /// <summary>Reads the settings: <c>Token</c> or <c>TokenPath</c>; <c>RoleId</c> with <c>SecretId</c> or <c>SecretIdPath</c>; or <c>KubernetesRole</c>.</summary>
    public static HashiCorpSignIn Read(SecretSourceSettings settings, Uri url, string? @namespace, SourceRequest request, TimeProvider time)
    {
        string[] ways = ["Token", "TokenPath", "RoleId", "KubernetesRole"];
        if (ways.Count(way => settings.Find(way) is not null) > 1)
        {
            throw settings.Bad("Token", "is one of several ways to sign in: set one of Token, TokenPath, RoleId and KubernetesRole");
        }

        if (settings.FindHeader("Token") is { } token)
        {
            return new HashiCorpSignIn(_ => Task.FromResult(Result.Of(new Lease(new SecretText(token), null))), time);
        }

        if (settings.Find("TokenPath") is { } path)
        {
            return new HashiCorpSignIn(async cancellationToken => await ReadFileAsync(path, "TokenPath", request, cancellationToken) is { IsOk: true } read
                ? new Lease(new SecretText(read.Value), TimeSpan.FromMinutes(1)) : request.Failed("can't read the file of TokenPath"), time);
        }

        if (settings.Find("RoleId") is { } role)
        {
            var (secret, secretPath) = (settings.Find("SecretId"), settings.Find("SecretIdPath"));
            if (secret is null == secretPath is null)
            {
                throw settings.Bad("SecretId", "or SecretIdPath must be set, one of them, where RoleId is");
            }

            return new HashiCorpSignIn(
                async cancellationToken =>
                {
                    var id = secret ?? (await ReadFileAsync(secretPath!, "SecretIdPath", request, cancellationToken)).Value;
                    return id is null ? request.Failed("can't read the file of SecretIdPath")
                        : await LoginAsync(settings.Find("AuthMount") ?? "approle", new { role_id = role, secret_id = id }, cancellationToken);
                },
                time);
        }

        if (settings.Find("KubernetesRole") is { } kubernetesRole)
        {
            var jwtPath = settings.Find("JwtPath") ?? "/var/run/secrets/kubernetes.io/serviceaccount/token";
            return new HashiCorpSignIn(
                async cancellationToken => (await ReadFileAsync(jwtPath, "JwtPath", request, cancellationToken)).Value is { } jwt
                    ? await LoginAsync(settings.Find("AuthMount") ?? "kubernetes", new { role = kubernetesRole, jwt }, cancellationToken)
                    : request.Failed("can't read the file of JwtPath"),
                time);
        }

        throw settings.Bad("Token", "is missing; or set TokenPath, RoleId or KubernetesRole");

        Task<Result<Lease>> LoginAsync(string mount, object body, CancellationToken cancellationToken)
        {
            var message = new HttpRequestMessage(HttpMethod.Post, $"{url.AbsoluteUri.TrimEnd('/')}/v1/auth/{Uri.EscapeDataString(mount)}/login") { Content = JsonContent.Create(body) };
            if (@namespace is not null)
            {
                message.Headers.Add("X-Vault-Namespace", @namespace);
            }

            return request.SendAsync(message, ReadLease, cancellationToken);
        }

        Lease? ReadLease(JsonElement json)
        {
            var auth = json.GetProperty("auth");
            var seconds = auth.TryGetProperty("lease_duration", out var duration) ? duration.GetInt64() : 0;
            return auth.GetProperty("client_token").GetString() is { Length: > 0 } text
                ? new Lease(new SecretText(text), seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400)) : null)
                : null;
        }
    }

    /// <summary>A token that is good for a while.</summary>
    public async Task<Result<SecretText>> TokenAsync(CancellationToken cancellationToken)
    {
        Task<Result<Lease>> lease;
        lock (_gate)
        {
            // One sign-in for all who come meanwhile, whoever of them goes away.
            if (_lease is not { } known || (known.IsCompleted && !IsGood(known)))
            {
                _askedAt = time.GetTimestamp();
                _lease = signIn(CancellationToken.None);
            }

            lease = _lease;
        }

        var got = await lease.WaitAsync(cancellationToken);
        return got.IsOk ? got.Value.Token : got.Error;
    }

    /// <summary>The next token is a fresh one; whether there may be one that is better.</summary>
    public bool Forget()
    {
        lock (_gate)
        {
            if (_lease is not { IsCompletedSuccessfully: true, Result: { IsOk: true, Value.Life: not null } })
            {
                return false;
            }

            _lease = null;
            return true;
        }
    }

    // A failure is remembered for a while, too: who asks too often is locked out.
    private bool IsGood(Task<Result<Lease>> lease) => lease.IsCompletedSuccessfully
        && !(time.GetElapsedTime(_askedAt) >= (lease.Result.IsOk ? lease.Result.Value.Life - Early : FailureLife));

    private static async Task<Result<string>> ReadFileAsync(string path, string setting, SourceRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return request.Failed($"can't read the file of {setting}: {exception.GetType().Name}");
        }
    }
}
