using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>A vault and an upstream, shared by the tests of a class; each test makes definitions under names of its own.</summary>
public sealed class CalloutFixture : IAsyncLifetime
{
    private int _names;

    public VaultFactory Vault { get; } = new();

    public RecordingUpstream Upstream { get; private set; } = null!;

    public async Task InitializeAsync() => Upstream = await RecordingUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>A name that no other test of the class uses.</summary>
    public string NewName() => "N" + Interlocked.Increment(ref _names);

    /// <summary>Makes a named credential with inline authentication and an app that may use it.</summary>
    /// <param name="authentication">The inline <c>authentication</c> object.</param>
    /// <param name="settings">Further settings, as JSON properties.</param>
    /// <param name="path">Behind the upstream's address.</param>
    public async Task<TestCallout> CreateAsync(string authentication, string settings = "", string path = "")
    {
        var name = NewName();
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{Upstream.Url}}{{path}}", "authentication": {{authentication}}{{(settings.Length == 0 ? "" : ", " + settings)}} }
            """);
        var key = await Vault.CreateAppAsync("App" + name, name);
        return new TestCallout(this, name, key, Vault.CreateClient(key));
    }
}

/// <summary>A named credential that an app may use.</summary>
public sealed record TestCallout(CalloutFixture Fixture, string Name, string Key, HttpClient Client)
{
    /// <summary>Sends a callout.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path = "", string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(
            Client.BaseAddress!.ToString().TrimEnd('/') + "/callout/" + Name + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body is not null)
        {
            request.Content = new StringContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Sends a callout that has to succeed, and gives what the upstream received.</summary>
    public async Task<RecordedRequest> SendAndRecordAsync(
        HttpMethod method, string path = "", string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        var before = Fixture.Upstream.Requests.Count;
        using var response = await SendAsync(method, path, body, contentType, headers);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        Assert.Equal(before + 1, Fixture.Upstream.Requests.Count);
        return Fixture.Upstream.Requests[^1];
    }

    /// <summary>Sends a callout that the vault has to refuse, with nothing sent upstream.</summary>
    public async Task<string> SendRefusedAsync(
        string code, HttpStatusCode status, HttpMethod method, string path = "", string? body = null, string contentType = "application/json",
        params (string Name, string Value)[] headers)
    {
        var before = Fixture.Upstream.Requests.Count;
        using var response = await SendAsync(method, path, body, contentType, headers);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal([code], response.Headers.GetValues("X-Vault-Error"));
        Assert.Single(response.Headers.GetValues("X-Vault-Request-Id"));
        var problem = JsonNode.Parse(text)!;
        Assert.Equal(code, (string?)problem["code"]);
        Assert.Equal("urn:vault:problem:" + code, (string?)problem["type"]);
        Assert.Equal((int)status, (int?)problem["status"]);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(before, Fixture.Upstream.Requests.Count);
        return (string?)problem["detail"] ?? "";
    }
}
