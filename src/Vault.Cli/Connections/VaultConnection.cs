using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Cli.Terminals;

namespace Vault.Cli.Connections;

/// <summary>Talks to a vault's admin API. What goes wrong ends the command with a sentence (<see cref="CommandFailure"/>).</summary>
internal sealed class VaultConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 64 };

    private readonly HttpClient _client;
    private readonly ConnectionSettings _settings;
    private bool _isUntrusted;

    private VaultConnection(ConnectionSettings settings)
    {
        _settings = settings;

        // No redirect: the key would follow it. And no proxy on the way to this machine, which HTTP_PROXY may well be set for (the vault's own is one).
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !settings.Address.IsLoopback,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, errors) => !(_isUntrusted = errors is not SslPolicyErrors.None) },
        })
        {
            Timeout = Patience,
        };
    }

    /// <summary>The address of the vault.</summary>
    public Uri Address => _settings.Address;

    /// <summary>Opens one with these settings.</summary>
    public static VaultConnection Open(ConnectionSettings settings) => new(settings);

    /// <summary>Opens one for the admin API, with the settings in force.</summary>
    public static VaultConnection Open(Surroundings surroundings)
    {
        var settings = ConnectionSettings.Read(surroundings);
        return settings.Key is not null
            ? new VaultConnection(settings)
            : throw new CommandFailure(ExitCodes.NotAllowed, $"There is no key for {settings.Address}: run `vault login {settings.Address.ToString().TrimEnd('/')}`, or set VAULT_KEY.");
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    /// <summary>A name as a segment of a path.</summary>
    /// <exception cref="CommandFailure">It is none, but would lead to what is above it.</exception>
    public static string Segment(string name) => name is "" or "." or ".."
        ? throw CommandFailure.Usage($"'{name}' is not the name of anything.")
        : Uri.EscapeDataString(name);

    /// <summary>Reads JSON.</summary>
    /// <param name="path">Below <c>/api/v1/</c>, with its query.</param>
    /// <param name="cancellationToken">Of the command.</param>
    public Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Sends JSON, and reads the answer; an object without properties where there is none.</summary>
    public async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken) =>
        (await SendAsync(method, path, body, ifMatch: null, cancellationToken)).Json;

    /// <summary>The same, on condition that the state is the one with this entity tag; and the entity tag of the answer.</summary>
    public async Task<(JsonNode Json, string? ETag)> SendAsync(HttpMethod method, string path, JsonNode? body, string? ifMatch, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri($"{Address}api/v1/{path}"));
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, Json)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        await ThrowIfRefusedAsync(answer, cancellationToken);
        try
        {
            return (text.Length == 0 ? new JsonObject() : JsonNode.Parse(text) ?? new JsonObject(), answer.Headers.ETag?.ToString());
        }
        catch (JsonException)
        {
            throw NoVault(answer);
        }
    }

    /// <summary>All items of a list, page by page.</summary>
    public async Task<List<JsonNode>> ListAsync(string path, CancellationToken cancellationToken)
    {
        var items = new List<JsonNode>();
        for (var token = ""; token is not null;)
        {
            var page = await GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}pageSize=500{(token.Length == 0 ? "" : "&pageToken=" + Uri.EscapeDataString(token))}", cancellationToken);
            items.AddRange((page["items"] as JsonArray ?? []).OfType<JsonNode>());
            token = (string?)page["nextPageToken"];
        }

        return items;
    }

    /// <summary>Sends a request with the key; the answer is the caller's to judge.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        if (_settings.Key is { } key)
        {
            request.Headers.TryAddWithoutValidation("X-Vault-Key", key);
        }

        try
        {
            return await _client.SendAsync(request, completion, cancellationToken);
        }
        catch (HttpRequestException fault)
        {
            throw new CommandFailure(ExitCodes.Unreachable, $"There is no vault at {Address}: {ReasonOf(fault)}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailure(ExitCodes.Unreachable, $"The vault at {Address} doesn't answer; look whether it runs, and at its log.");
        }
    }

    /// <summary>Ends the command where the vault refused, or where it was no vault that answered.</summary>
    public async Task ThrowIfRefusedAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        // Every answer of a vault has it, and hardly one of anything else.
        if (!answer.Headers.Contains("X-Vault-Request-Id"))
        {
            throw NoVault(answer);
        }

        if (answer.IsSuccessStatusCode)
        {
            return;
        }

        JsonNode? problem;
        try
        {
            problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (JsonException)
        {
            throw NoVault(answer);
        }

        if (problem is not JsonObject || problem["code"] is not JsonValue value || !value.TryGetValue<string>(out var code))
        {
            throw NoVault(answer);
        }

        var detail = SafeText.Of((string?)problem["detail"] ?? (string?)problem["title"] ?? code);
        var errors = (problem["errors"] as JsonObject ?? []).ToDictionary(
            pair => pair.Key, pair => (IReadOnlyList<string>)[.. (pair.Value as JsonArray ?? []).Select(message => SafeText.Of((string?)message))]);
        throw code switch
        {
            "unauthenticated" => new VaultRefusal(
                ExitCodes.NotAllowed,
                $"The vault at {Address} doesn't take this key: it is wrong, has expired or was deleted. "
                + (_settings.IsForApp ? "Set VAULT_APP_KEY to another; `vault app-key create <app>` makes one." : "Run `vault login`, or set VAULT_KEY to another."),
                code, errors),
            "callout-not-granted" => new VaultRefusal(
                ExitCodes.NotAllowed, $"{detail} A callout needs the key of an app, in VAULT_APP_KEY, and a grant of that app; an admin's key can't call out.", code, errors),
            "forbidden" => new VaultRefusal(
                ExitCodes.NotAllowed, $"{detail}{Told(errors)} Set VAULT_KEY to a key that may, as an admin's does, or, where VAULT_KEY isn't set, run `vault login` with one.", code, errors),
            "rate-limited" when answer.Headers.RetryAfter?.Delta is { } wait => new VaultRefusal(ExitCodes.Failure, $"{detail} Try again in {wait.TotalSeconds:0} s.", code, errors),
            _ => new VaultRefusal(answer.StatusCode is HttpStatusCode.ServiceUnavailable ? ExitCodes.Unreachable : ExitCodes.Failure, detail + Told(errors), code, errors),
        };
    }

    private static string Told(IReadOnlyDictionary<string, IReadOnlyList<string>> errors)
    {
        var told = new StringBuilder();
        foreach (var (path, messages) in errors.Take(10))
        {
            told.Append(' ').Append(path).Append(": ").AppendJoin(' ', messages);
        }

        return told.ToString();
    }

    private string ReasonOf(HttpRequestException fault) => fault switch
    {
        { InnerException: AuthenticationException } when _isUntrusted => "its certificate isn't trusted here. Trust the authority that issued it (SSL_CERT_FILE), or correct the address.",
        { HttpRequestError: HttpRequestError.NameResolutionError } => "there is no such host. Correct VAULT_URL, or run `vault login <address>`.",
        { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => "nobody listens there. Start the vault, correct VAULT_URL, or run `vault login <address>`.",
        { InnerException: AuthenticationException } or { HttpRequestError: HttpRequestError.SecureConnectionError } =>
            "it doesn't speak TLS there, at least none that is understood here; it may be an http address. Correct VAULT_URL, or run `vault login <address>`.",
        _ => "it can't be reached. Correct VAULT_URL, or run `vault login <address>`.",
    };

    private CommandFailure NoVault(HttpResponseMessage answer) => new(
        ExitCodes.Unreachable, $"What answers at {Address} is no vault ({(int)answer.StatusCode}, {SafeText.Of(answer.Content.Headers.ContentType?.MediaType ?? "no content type")}). Correct VAULT_URL, or run `vault login <address>`.");
}
