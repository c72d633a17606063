using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Vault.Testing;

/// <summary>A vault under test: the real program on a real Kestrel, on loopback, with a data directory of its own.</summary>
public sealed class VaultFactory : WebApplicationFactory<Program>
{
    /// <summary>The first admin key of every vault under test.</summary>
    public const string AdminKey = "vk_testadmin1_0123456789abcdef0123456789abcdef0123456789a";

    private readonly SecretsSet _secrets = new();
    private readonly Dictionary<string, string?> _settings;
    private readonly Action<IServiceCollection>? _services;
    private readonly bool _ownsDirectory;

    /// <summary>Starts at the first use of a client.</summary>
    /// <param name="settings">Beside the defaults of the tests.</param>
    /// <param name="dataDirectory">To start on an existing one; else a fresh one, deleted on disposal.</param>
    /// <param name="services">Replaces services (a clock, a resolver).</param>
    /// <param name="http2Port">A second listener, for HTTP/2 without TLS.</param>
    /// <param name="forwardPort">Another one, the forward proxy's.</param>
    public VaultFactory(IReadOnlyDictionary<string, string?>? settings = null, string? dataDirectory = null, Action<IServiceCollection>? services = null, int? http2Port = null, int? forwardPort = null)
    {
        _ownsDirectory = dataDirectory is null;
        DataDirectory = dataDirectory ?? Directory.CreateTempSubdirectory("vault-test-").FullName;
        _services = services;
        _settings = new Dictionary<string, string?>
        {
            ["Vault:DataDirectory"] = DataDirectory,
            ["Vault:BootstrapAdminKey"] = AdminKey,
            ["Vault:Http2Url"] = "",
        };
        if (PostgreSqlServer.IsWanted)
        {
            // A constructor can't wait otherwise; on a thread that no test's context holds.
            foreach (var (key, value) in Task.Run(() => PostgreSqlServer.SettingsAsync(DataDirectory)).GetAwaiter().GetResult())
            {
                _settings[key] = value;
            }
        }

        foreach (var (key, value) in settings ?? new Dictionary<string, string?>())
        {
            _settings[key] = value;
        }

        if (forwardPort is not null)
        {
            _settings["Vault:ForwardProxy:Url"] = $"http://127.0.0.1:{forwardPort}";
        }

        UseKestrel(kestrel =>
        {
            if (http2Port is { } port)
            {
                kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
            }

            if (forwardPort is { } proxy)
            {
                kestrel.Listen(IPAddress.Loopback, proxy);
            }

            // The last one is the address that clients get.
            kestrel.Listen(IPAddress.Loopback, 0);
        });
    }

    /// <summary>Where the vault keeps its data.</summary>
    public string DataDirectory { get; }

    /// <summary>Everything that the vault logged, at every level.</summary>
    public LogCapture Logs { get; } = new();

    /// <summary>Calls the admin API as an admin.</summary>
    public HttpClient AdminClient => field ??= CreateClient(AdminKey);

    /// <summary>A client that sends a vault key as <c>X-Vault-Key</c>, or none.</summary>
    public HttpClient CreateClient(string? key)
    {
        StartServer();
        var address = ClientOptions.BaseAddress;
        var connections = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, RequestHeaderEncodingSelector = static (_, _) => System.Text.Encoding.UTF8 };
        var client = new HttpClient(_secrets.Watch(connections))
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(60),
        };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-Vault-Key", key);
        }

        return client;
    }

    /// <summary>Makes a key for a person of this role.</summary>
    public async Task<string> CreateKeyAsync(string role, string? name = null)
    {
        var body = new JsonObject { ["name"] = name ?? role + Guid.NewGuid().ToString("N")[..8], ["role"] = role };
        return await PostForKeyAsync("/api/v1/admin-keys", body);
    }

    /// <summary>Makes an app with these grants and gives a key of it.</summary>
    public async Task<string> CreateAppAsync(string name, params string[] namedCredentials)
    {
        using var app = await AdminClient.PostAsJsonAsync("/api/v1/apps", new JsonObject { ["name"] = name });
        app.EnsureSuccessStatusCode();
        foreach (var credential in namedCredentials)
        {
            await GrantAsync(name, credential);
        }

        return await PostForKeyAsync($"/api/v1/apps/{name}/keys", []);
    }

    /// <summary>Grants the default principal of a named credential to an app.</summary>
    public async Task GrantAsync(string app, string namedCredential, params string[] principals)
    {
        using var grant = await AdminClient.PutAsJsonAsync(
            $"/api/v1/apps/{app}/grants/{namedCredential}",
            new JsonObject { ["principals"] = new JsonArray([.. (principals.Length == 0 ? ["default"] : principals).Select(name => (JsonNode)name)]) });
        grant.EnsureSuccessStatusCode();
    }

    /// <summary>Sends JSON as an admin and expects a success.</summary>
    public async Task<JsonNode?> AdminAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, new MediaTypeHeaderValue("application/json"));
        }

        using var response = await AdminClient.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? text.Length == 0 ? null : JsonNode.Parse(text)
            : throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode}: {text}");
    }

    /// <inheritdoc />
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        foreach (var (key, value) in _settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs));
        builder.ConfigureTestServices(services => _services?.Invoke(services));
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && _ownsDirectory && Directory.Exists(DataDirectory))
        {
            Directory.Delete(DataDirectory, recursive: true);
            if (PostgreSqlServer.IsWanted)
            {
                Task.Run(() => PostgreSqlServer.DropAsync(DataDirectory)).GetAwaiter().GetResult();
            }
        }

        if (disposing)
        {
            // In every test of the suite: what was set as a secret stands in no log line, at any level.
            _secrets.AssertAbsent(Logs.Lines);
        }
    }

    private async Task<string> PostForKeyAsync(string path, JsonObject body)
    {
        using var response = await AdminClient.PostAsJsonAsync(path, body);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!["key"]!.GetValue<string>();
    }
}
