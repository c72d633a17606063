using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>To which hosts the vault answers (<c>AllowedHosts</c>), and how it refuses others.</summary>
public sealed class AllowedHostsTests(AllowedHostsTests.Fixture fixture) : IClassFixture<AllowedHostsTests.Fixture>
{
    /// <summary>A vault that answers to some hosts, and an app that may call a service.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public RecordingUpstream Upstream { get; private set; } = null!;

        public VaultFactory Vault { get; } = new(new Dictionary<string, string?> { ["AllowedHosts"] = "127.0.0.1;localhost;vault.example;*.wild.example;bücher.example" });

        public string Key { get; private set; } = "";

        public async Task InitializeAsync()
        {
            Upstream = await RecordingUpstream.StartAsync();
            await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Service", "url": "{{Upstream.Url}}", "authentication": { "protocol": "none" } }""");
            Key = await Vault.CreateAppAsync("Caller", "Service");
        }

        public async Task DisposeAsync()
        {
            await Vault.DisposeAsync();
            await Upstream.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("vault.example", true)]
    [InlineData("VAULT.example:8443", true)]
    [InlineData("a.b.wild.example", true)]
    [InlineData("", true)]
    [InlineData("xn--bcher-kva.example", true)]
    [InlineData("xn--a", false)]
    [InlineData("wild.example", false)]
    [InlineData("vault.example.other.example", false)]
    [InlineData("[::1]:80", false)]
    public async Task Host_IsServed_WhereItIsNamed(string host, bool isServed)
    {
        var answer = await RawClient.SendAsync(fixture.Vault.AdminClient.BaseAddress!, null, $"GET /healthz/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.Equal([isServed ? 200 : 400], answer.Statuses);
    }

    [Theory]
    [InlineData("/api/v1/apps", false)]
    [InlineData("/healthz/ready", false)]
    [InlineData("/nothing", false)]
    [InlineData("/callout/Service/x", true)]
    [InlineData("/Callout/Nothing", true)]
    public async Task AnotherHost_IsAProblem_AndACalloutIsOnRecord(string path, bool isRecorded)
    {
        using var app = fixture.Vault.CreateClient(fixture.Key);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "other.example" } };
        using var answer = await app.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal(["invalid-request"], answer.Headers.GetValues("X-Vault-Error"));
        Assert.Contains("AllowedHosts", (string?)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["detail"], StringComparison.Ordinal);
        Assert.Empty(fixture.Upstream.Requests);
        var id = answer.Headers.GetValues("X-Vault-Request-Id").Single();
        var records = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&outcome=denied"))!["items"]!.AsArray();
        (string?, string?, int?)[] expected = isRecorded ? [("Caller", "invalid-request", 400)] : [];
        var told = records.Where(one => (string?)one!["id"] == id).Select(one => ((string?)one!["actor"], (string?)one["code"], (int?)one["status"]));
        Assert.Equal(expected, told);
    }
}
