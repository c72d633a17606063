using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>Three vaults, processes of their own, on one PostgreSQL; started at once on an empty database.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public class ReplicaFixture : IAsyncLifetime
{
    /// <summary>Its tests run one after the other, on the same three.</summary>
    public const string Collection = "Replicas";

    private readonly string _directory = Directory.CreateTempSubdirectory("vault-replicas-").FullName;
    private readonly List<HttpClient> _clients = [];

    public string Database { get; private set; } = "";

    public RecordingUpstream Service { get; private set; } = null!;

    /// <summary>The forward proxies' ports.</summary>
    public int[] ForwardPorts { get; } = [.. Enumerable.Range(0, 3).Select(_ => FreePort.Find())];

    public VaultProcess[] Vaults { get; private set; } = [];

    public HttpClient[] Admins { get; private set; } = [];

    public async Task InitializeAsync()
    {
        Database = await CreateDatabaseAsync();
        Service = await RecordingUpstream.StartAsync();
        var starting = Enumerable.Range(0, 3).Select(StartAsync).ToArray();
        try
        {
            Vaults = await Task.WhenAll(starting);
        }
        catch
        {
            foreach (var vault in starting.Where(vault => vault.IsCompletedSuccessfully))
            {
                await (await vault).DisposeAsync();
            }

            throw;
        }

        Admins = [.. Vaults.Select(vault => Client(vault, VaultFactory.AdminKey))];
    }

    public virtual async Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        foreach (var vault in Vaults)
        {
            await vault.DisposeAsync();
        }

        await Service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Starts the replica of this number: its own directory, the master key and the database of all.</summary>
    public Task<VaultProcess> StartAsync(int number) => VaultProcess.StartAsync(
        DataOf(number), [.. Settings, ("Vault:ForwardProxy:Url", $"http://127.0.0.1:{ForwardPorts[number]}"), .. More(number)]);

    /// <summary>What all replicas have in common.</summary>
    public (string Name, string Value)[] Settings =>
        [("Vault:Database:Provider", "postgreSql"), ("ConnectionStrings:Vault", Database), ("Vault:MasterKey:Path", Path.Combine(_directory, "master.key"))];

    /// <summary>The data directory of a replica.</summary>
    public string DataOf(int number) => Path.Combine(_directory, "replica-" + number);

    /// <summary>Starts one again in the place of one that is gone.</summary>
    public async Task RestartAsync(int number)
    {
        Vaults[number] = await StartAsync(number);
        Admins[number] = Client(Vaults[number], VaultFactory.AdminKey);
    }

    /// <summary>An empty database.</summary>
    protected virtual async Task<string> CreateDatabaseAsync() => await (await PostgreSqlServer.GetAsync()).CreateEmptyAsync();

    /// <summary>Settings of one replica.</summary>
    protected virtual IEnumerable<(string Name, string Value)> More(int number) => [];

    /// <summary>A client of one replica.</summary>
    public HttpClient Client(VaultProcess vault, string key)
    {
        var client = vault.CreateClient(key);
        _clients.Add(client);
        return client;
    }

    /// <summary>Clients of all replicas with one key.</summary>
    public HttpClient[] Clients(string key) => [.. Vaults.Select(vault => Client(vault, key))];

    /// <summary>Sends JSON as an admin to one replica and expects a success.</summary>
    public async Task<JsonNode?> AdminAsync(int replica, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue("application/json"));
        using var response = await Admins[replica].SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>An app with a key, and a named credential that it may use.</summary>
    public async Task<string> DefineAsync(int replica, string name, string authentication, string parameters)
    {
        await AdminAsync(replica, HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{name}}Login", "authentication": {{authentication}}, "allowedHosts": ["{{Service.Url}}"] }""");
        await AdminAsync(replica, HttpMethod.Put, $"/api/v1/external-credentials/{name}Login/principals/default/credential", $$"""{ "parameters": {{parameters}} }""");
        await AdminAsync(replica, HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{Service.Url}}", "externalCredential": "{{name}}Login" }""");
        await AdminAsync(replica, HttpMethod.Post, "/api/v1/apps", $$"""{ "name": "{{name}}App" }""");
        await AdminAsync(replica, HttpMethod.Put, $"/api/v1/apps/{name}App/grants/{name}", """{ "principals": ["default"] }""");
        return (string)(await AdminAsync(replica, HttpMethod.Post, $"/api/v1/apps/{name}App/keys", "{}"))!["key"]!;
    }
}

/// <summary>For the runner of the tests: they measure how long processes take, which others would keep from their work.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[CollectionDefinition(ReplicaFixture.Collection, DisableParallelization = true)]
public sealed class SharedReplicas : ICollectionFixture<ReplicaFixture>;
