using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>What became of an attempt to save something.</summary>
/// <param name="Status">The status.</param>
/// <param name="Code">The error's code; null: it was saved.</param>
/// <param name="Name">The name that it was given.</param>
public sealed record Saved(int Status, string? Code, string Name);

/// <summary>What a callout was answered.</summary>
/// <param name="Status">The status.</param>
/// <param name="Code"><c>X-Vault-Error</c>; null: the answer is an upstream's.</param>
/// <param name="Text">The body.</param>
/// <param name="Headers">The headers.</param>
public sealed record Called(int Status, string? Code, string Text, HttpResponseHeaders Headers);

/// <summary>A vault whose DNS is scripted, a listener that counts who connects, and an app that may use whatever is saved.</summary>
public class EgressBench : IAsyncLifetime
{
    /// <summary>The secret of every credential here.</summary>
    public const string Secret = "canary-egress-Zq3+/9 secret";

    private int _names;

    protected EgressBench(Dictionary<string, string?> settings) => Settings = settings;

    /// <summary>Those of the vault.</summary>
    protected Dictionary<string, string?> Settings { get; }

    /// <summary>DNS.</summary>
    public ScriptedResolver Resolver { get; } = new();

    /// <summary>Answers 200 <c>ok</c> on 127.0.0.1.</summary>
    public RawUpstream Upstream { get; } = RawUpstream.Start();

    /// <summary>The vault.</summary>
    public VaultFactory Vault { get; private set; } = null!;

    /// <summary>The app's key.</summary>
    public string Key { get; private set; } = "";

    private HttpClient Client { get; set; } = null!;

    /// <inheritdoc />
    public virtual async Task InitializeAsync()
    {
        Resolver.Set("localhost", "127.0.0.1,::1");
        Vault = new VaultFactory(Settings, services: services => services.Replace(ServiceDescriptor.Singleton<IHostResolver>(Resolver)));
        Key = await Vault.CreateAppAsync("Attacker");
        Client = Vault.CreateClient(Key);
    }

    /// <inheritdoc />
    public virtual async Task DisposeAsync()
    {
        // Nothing that happened here may have told the secret to a log.
        SecretForms.AssertAbsent(string.Join('\n', Vault.Logs.Lines), "the log", Secret);
        await Vault.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>A name that nothing else has.</summary>
    public string NewName() => "E" + Interlocked.Increment(ref _names);

    /// <summary>Saves a named credential for the app.</summary>
    /// <param name="url">Its <c>url</c>.</param>
    /// <param name="authentication">Inline; null: a bearer token.</param>
    /// <param name="settings">Further settings.</param>
    public async Task<Saved> SaveAsync(string url, JsonObject? authentication = null, JsonObject? settings = null)
    {
        var name = NewName();
        var body = settings ?? [];
        body["name"] = name;
        body["url"] = url;
        if (!body.ContainsKey("externalCredential"))
        {
            body["authentication"] = authentication ?? new JsonObject { ["protocol"] = "bearer", ["token"] = Secret };
        }

        var saved = await PostAsync("/api/v1/named-credentials", body, name);
        if (saved.Code is null)
        {
            await Vault.GrantAsync("Attacker", name);
        }

        return saved;
    }

    /// <summary>Posts as an admin.</summary>
    public async Task<Saved> PostAsync(string path, JsonObject body, string name)
    {
        using var content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json"));
        using var response = await Vault.AdminClient.PostAsync(path, content);
        var text = await response.Content.ReadAsStringAsync();
        SecretForms.AssertAbsent(text, "the answer to " + path, Secret);
        return new Saved((int)response.StatusCode, response.IsSuccessStatusCode ? null : (string?)JsonNode.Parse(text)!["code"], name);
    }

    /// <summary>Calls out.</summary>
    public async Task<Called> CallAsync(string name, string path = "")
    {
        using var response = await Client.GetAsync("/callout/" + name + path);
        var text = await response.Content.ReadAsStringAsync();
        SecretForms.AssertAbsent(text + response.Headers, "the answer to a callout", Secret);
        return new Called((int)response.StatusCode, response.Headers.TryGetValues("X-Vault-Error", out var codes) ? string.Join(' ', codes) : null, text, response.Headers);
    }

    /// <summary>Saves, and calls out to it.</summary>
    public async Task<Called> SaveAndCallAsync(string url, JsonObject? authentication = null, JsonObject? settings = null)
    {
        var saved = await SaveAsync(url, authentication, settings);
        Assert.True(saved.Code is null, $"{url} was refused: {saved.Code}");
        return await CallAsync(saved.Name);
    }
}

/// <summary>Loopback is open.</summary>
public sealed class OpenEgressBench() : EgressBench(new() { ["Vault:Egress:AllowedNetworks"] = "127.0.0.0/8" });

/// <summary>Loopback is not open, and where metadata services live is.</summary>
public sealed class ClosedEgressBench() : EgressBench(new() { ["Vault:Egress:AllowedNetworks"] = "169.254.0.0/16,fd00::/8,100.64.0.0/10,192.0.0.0/24" });

/// <summary>One open bench for several classes.</summary>
[CollectionDefinition(nameof(OpenEgressBench))]
public sealed class OpenEgressShared : ICollectionFixture<OpenEgressBench>;
