using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>A vault whose clock the test moves, and short ways to define a credential and call out. The peers' clocks are real.</summary>
public abstract class InteropBench : IAsyncLifetime
{
    /// <summary>The credential of <see cref="DefineAsync"/>.</summary>
    private protected const string CredentialPath = "/api/v1/external-credentials/PeerLogin/principals/default/credential";

    private protected InteropBench() => Vault = new VaultFactory(services: services => services.AddSingleton<TimeProvider>(Time));

    private protected FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    private protected VaultFactory Vault { get; }

    /// <summary>An app of the vault, once <see cref="DefineAsync"/> was called.</summary>
    private protected HttpClient App { get; private set; } = null!;

    public abstract Task InitializeAsync();

    public virtual async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Defines <c>Peer</c> at this URL with these settings and parameters.</summary>
    private protected async Task DefineAsync(string url, JsonObject authentication, JsonObject parameters, JsonObject? named = null)
    {
        var host = new Uri(url).GetLeftPart(UriPartial.Authority);
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", new JsonObject
        {
            ["name"] = "PeerLogin",
            ["authentication"] = authentication,
            ["allowedHosts"] = new JsonArray(host),
        }.ToJsonString());
        if (parameters.Count > 0)
        {
            await Vault.AdminAsync(HttpMethod.Put, CredentialPath, new JsonObject { ["parameters"] = parameters }.ToJsonString());
        }

        var definition = named ?? [];
        definition["name"] = "Peer";
        definition["url"] = url;
        definition["externalCredential"] = "PeerLogin";
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", definition.ToJsonString());
        App = Vault.CreateClient(await Vault.CreateAppAsync("PeerApp", "Peer"));
    }

    /// <summary>A callout that the peer accepts: a GET, or a POST of this body.</summary>
    private protected async Task<JsonNode?> AcceptedAsync(string path, string? body = null, string type = "application/json")
    {
        using var response = await SendAsync(path, body, type);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return response.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(text) : null;
    }

    private protected Task<HttpResponseMessage> SendAsync(string path, string? body = null, string type = "application/json") => body is null
        ? App.GetAsync("/callout/Peer" + path)
        : App.PostAsync("/callout/Peer" + path, new StringContent(body, new MediaTypeHeaderValue(type)));
}
