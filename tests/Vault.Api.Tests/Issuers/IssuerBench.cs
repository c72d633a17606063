using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Issuers;

/// <summary>A vault that takes the tokens of an issuer on loopback, found by discovery, and of a second one by its JWKS; and a service behind it.</summary>
public abstract class IssuerBench : IAsyncLifetime
{
    private protected FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));

    private protected RecordingUpstream Host { get; private set; } = null!;

    private protected RecordingUpstream OtherHost { get; private set; } = null!;

    private protected RecordingUpstream Service { get; private set; } = null!;

    private protected TestTokens Tokens { get; private set; } = null!;

    private protected TestTokens Other { get; } = new TestTokens("https://other.example").Add("k1");

    private protected VaultFactory Vault { get; private set; } = null!;

    /// <summary>What answers for the first issuer's keys.</summary>
    private protected Func<HttpContext, Task> Answer { get; set; } = null!;

    public virtual async Task InitializeAsync()
    {
        Service = await RecordingUpstream.StartAsync();
        Host = await RecordingUpstream.StartAsync();
        OtherHost = await RecordingUpstream.StartAsync();
        Tokens = new TestTokens(Host.Url + "/realm").Add("k1");
        Answer = context => context.Response.WriteAsync(Tokens.Jwks);
        Host.Answer = (context, request) => request.Target == "/realm/.well-known/openid-configuration"
            ? context.Response.WriteAsync(new JsonObject { ["issuer"] = Tokens.Issuer, ["jwks_uri"] = Host.Url + "/keys" }.ToJsonString())
            : Answer(context);
        OtherHost.Answer = (context, _) => context.Response.WriteAsync(Other.Jwks);
        Vault = new VaultFactory(
            new Dictionary<string, string?>
            {
                ["Vault:Issuers:0:Name"] = "Corp",
                ["Vault:Issuers:0:Authority"] = Tokens.Issuer,
                ["Vault:Issuers:0:Audience"] = "vault, api://vault",
                ["Vault:Issuers:0:UserPrefix"] = "",
                ["Vault:Issuers:0:Mappings:0:Claim"] = "/realm_access/roles",
                ["Vault:Issuers:0:Mappings:0:Value"] = "vault-admin",
                ["Vault:Issuers:0:Mappings:0:Role"] = "admin",
                ["Vault:Issuers:0:Mappings:1:Claim"] = "groups",
                ["Vault:Issuers:0:Mappings:1:Value"] = "auditors",
                ["Vault:Issuers:0:Mappings:1:Role"] = "auditor",
                ["Vault:Issuers:0:Mappings:2:Claim"] = "scope",
                ["Vault:Issuers:0:Mappings:2:Value"] = "call",
                ["Vault:Issuers:0:Mappings:2:App"] = "TokenApp",
                ["Vault:Issuers:0:Mappings:3:Claim"] = "app",
                ["Vault:Issuers:0:Mappings:3:App"] = "{value}",
                ["Vault:Issuers:1:Name"] = "Cluster",
                ["Vault:Issuers:1:Issuer"] = Other.Issuer,
                ["Vault:Issuers:1:JwksUrl"] = OtherHost.Url + "/jwks",
                ["Vault:Issuers:1:Audience"] = "vault",
                ["Vault:Issuers:1:UserPrefix"] = "cluster/",
                ["Vault:Issuers:1:Mappings:0:Claim"] = "sub",
                ["Vault:Issuers:1:Mappings:0:Value"] = "ann",
                ["Vault:Issuers:1:Mappings:0:App"] = "TokenApp",
            },
            services: services => services.AddSingleton<TimeProvider>(Time));
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "Login", "authentication": { "protocol": "password" }, "allowedHosts": ["{{Service.Url}}"],
              "principals": [ { "name": "default", "type": "named", "sequence": 1 }, { "name": "own", "type": "perUser", "sequence": 2 } ] }
            """);
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Login/principals/default/credential", """{ "parameters": { "Username": "shared", "Password": "pass-word-0" } }""");
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{Service.Url}}", "externalCredential": "Login" }""");
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "TokenApp" }""");
        await Vault.GrantAsync("TokenApp", "Svc", "*");
    }

    public virtual async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Service.DisposeAsync();
        await Host.DisposeAsync();
        await OtherHost.DisposeAsync();
        Tokens.Dispose();
        Other.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sets the secrets of a user.</summary>
    private protected Task SetUserAsync(string user, string name) => Vault.AdminAsync(
        HttpMethod.Put, $"/api/v1/external-credentials/Login/principals/own/users/{Uri.EscapeDataString(user)}/credential",
        $$"""{ "parameters": { "Username": "{{name}}", "Password": "pass-word-{{name}}" } }""");

    private protected string TokenOf(string subject, params (string Name, JsonNode? Value)[] claims) => Tokens.Sign(Tokens.Claims(Time.GetUtcNow(), subject, claims));

    /// <summary>A token of the app <c>TokenApp</c>.</summary>
    private protected string AppToken(string subject = "ann") => TokenOf(subject, ("scope", "openid call"));

    /// <summary>A token of an admin.</summary>
    private protected string AdminToken(string subject = "root") => TokenOf(subject, ("realm_access", new JsonObject { ["roles"] = new JsonArray("user", "vault-admin") }));

    private protected Task<HttpResponseMessage> CallAsync(string token, params (string Name, string Value)[] headers) => SendAsync("/callout/Svc/x", [("X-Vault-Key", token), .. headers]);

    private protected Task<HttpResponseMessage> AdminAsync(string token, string path = "/api/v1/apps") => SendAsync(path, [("Authorization", "Bearer " + token)]);

    private protected async Task<HttpResponseMessage> SendAsync(string path, params (string Name, string Value)[] headers)
    {
        using var client = Vault.CreateClient(null);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }

    /// <summary>The user name that the service was given.</summary>
    private protected string LastUser() => System.Text.Encoding.UTF8.GetString(
        Convert.FromBase64String(AuthenticationHeaderValue.Parse(Service.Requests[^1].Header("Authorization")!).Parameter!)).Split(':')[0];

    private protected static async Task ExpectAsync(HttpResponseMessage response, int status, string? error = null)
    {
        using (response)
        {
            Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
            Assert.Equal(error, response.Headers.TryGetValues("X-Vault-Error", out var values) ? values.Single() : null);
        }
    }
}
