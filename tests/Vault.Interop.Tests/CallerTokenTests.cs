using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>Callers with tokens of OpenIddict, a server that we didn't write: found by its discovery, verified by its keys.</summary>
public sealed class CallerTokenTests : IAsyncLifetime
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private OpenIddictHost _server = null!;
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _server = await OpenIddictHost.StartAsync(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(_key.ExportParameters(false))) { KeyId = "k1" }));

        // It is slow with its first answers, and the vault's patience with an issuer is short.
        using var client = new HttpClient(new SocketsHttpHandler()) { Timeout = TimeSpan.FromMinutes(3) };
        var metadata = (await client.GetFromJsonAsync<JsonObject>(_server.Url + "/.well-known/openid-configuration"))!;
        await client.GetStringAsync((string)metadata["jwks_uri"]!);
        _vault = new VaultFactory(new Dictionary<string, string?>
        {
            ["Vault:Issuers:0:Name"] = "OpenIddict",
            ["Vault:Issuers:0:Authority"] = _server.Url + "/",
            ["Vault:Issuers:0:Audience"] = "vault",
            ["Vault:Issuers:0:Mappings:0:Claim"] = "sub",
            ["Vault:Issuers:0:Mappings:0:Value"] = "ann",
            ["Vault:Issuers:0:Mappings:0:Role"] = "operator",
            ["Vault:Issuers:0:Mappings:1:Claim"] = "client_id",
            ["Vault:Issuers:0:Mappings:1:Value"] = "secret-client",
            ["Vault:Issuers:0:Mappings:1:App"] = "Billing",
        });
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{_service.Url}}", "authentication": { "protocol": "none" } }""");
        await _vault.CreateAppAsync("Billing", "Svc");
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _server.DisposeAsync();
        await _service.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task Workload_IsItsApp_AndAPersonHasARole()
    {
        var workload = await TokenAsync(("grant_type", "client_credentials"));
        var status = await CallAsync("/callout/Svc/x", workload);
        Assert.True(status == 200, $"{status}: {string.Join('\n', _vault.Logs.Lines.Where(line => line.Contains("issuer", StringComparison.OrdinalIgnoreCase)))}");
        Assert.Equal(403, await CallAsync("/api/v1/apps", workload));
        var person = await TokenAsync(("grant_type", "password"), ("username", "ann"), ("password", "the-password"));
        Assert.Equal(200, await CallAsync("/api/v1/apps", person));
        Assert.Equal(403, await CallAsync("/api/v1/admin-keys", person));
        Assert.Equal(403, await CallAsync("/callout/Svc/x", person));
        Assert.Equal(401, await CallAsync("/callout/Svc/x", workload[..^3] + "AAA"));
        Assert.Single(_service.Requests);
    }

    private async Task<string> TokenAsync(params (string Name, string Value)[] form)
    {
        using var client = new HttpClient(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url + "/token")
        {
            Content = new FormUrlEncodedContent([.. form.Append(("client_id", "secret-client")).Append(("client_secret", "the client:secret+1")).Append(("for", "vault")).Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2))]),
        };
        using var response = await client.SendAsync(request);
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["access_token"]!;
    }

    private async Task<int> CallAsync(string path, string token)
    {
        using var client = _vault.CreateClient(token);
        using var response = await client.GetAsync(path);
        return (int)response.StatusCode;
    }
}
