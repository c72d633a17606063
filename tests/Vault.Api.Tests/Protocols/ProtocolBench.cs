using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>A vault, a service behind it, and short ways to define credentials.</summary>
public abstract class ProtocolBench : IAsyncLifetime
{
    private int _names;

    private protected FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));

    private protected RecordingUpstream Service { get; private set; } = null!;

    private protected VaultFactory Vault { get; private set; } = null!;

    private protected string Name { get; private set; } = "";

    public virtual async Task InitializeAsync()
    {
        Service = await RecordingUpstream.StartAsync();
        Vault = new VaultFactory(
            new Dictionary<string, string?> { ["Vault:AllowedReturnUrls"] = "https://app.example/settings" },
            services: services => services.AddSingleton<TimeProvider>(Time));
    }

    public virtual async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Service.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Defines an external and a named credential and gives an app's client; <c>@</c> in settings is the service's URL.</summary>
    private protected async Task<HttpClient> DefineAsync(string authentication, string parameters, string named = "", string principals = "", string hosts = "")
    {
        Name = "P" + ++_names;
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "{{Name}}Login", "authentication": {{authentication.Replace("@", Service.Url, StringComparison.Ordinal)}}, "allowedHosts": ["{{Service.Url}}"{{hosts}}]{{principals}} }
            """);
        if (parameters.Length > 0)
        {
            await Vault.AdminAsync(HttpMethod.Put, CredentialPath, $$"""{ "parameters": {{parameters}} }""");
        }

        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{Name}}", "url": "{{Service.Url}}/api", "externalCredential": "{{Name}}Login"{{named}} }
            """);
        await Vault.AdminAsync(HttpMethod.Put, $"/api/v1/apps/{Name}App", """{ "mayAssertUser": true }""");
        await Vault.GrantAsync(Name + "App", Name, "*");
        var key = await Vault.AdminAsync(HttpMethod.Post, $"/api/v1/apps/{Name}App/keys", "{}");
        return Vault.CreateClient((string)key!["key"]!);
    }

    private protected string CredentialPath => $"/api/v1/external-credentials/{Name}Login/principals/default/credential";

    private protected Task<HttpResponseMessage> CallAsync(HttpClient app, string path = "/record", HttpMethod? method = null, HttpContent? content = null, string? user = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"/callout/{Name}{path}") { Content = content };
        if (user is not null)
        {
            request.Headers.Add("X-Vault-User", user);
        }

        return app.SendAsync(request);
    }

    private protected async Task<JsonNode> TestAsync(string body = "{}")
    {
        using var response = await Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{Name}/test", new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private protected static async Task AnswerAsync(HttpContext context, int status, string body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body);
    }

    private protected static Dictionary<string, string> Form(RecordedRequest request) => request.Text.Split('&')
        .Select(pair => pair.Split('=', 2)).ToDictionary(pair => Uri.UnescapeDataString(pair[0].Replace('+', ' ')), pair => Uri.UnescapeDataString(pair[1].Replace('+', ' ')));

    private protected static async Task ExpectAsync(HttpResponseMessage response, int status, string? error = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal(error, response.Headers.TryGetValues("X-Vault-Error", out var values) ? values.Single() : null);
    }
}
