using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>An answer of the admin API.</summary>
public sealed record AdminAnswer(HttpStatusCode Status, JsonNode? Json, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public string? Code => (string?)Json?["code"];

    public string? ETag => Headers.ETag?.ToString();

    /// <summary>The JSON paths of the errors.</summary>
    public IReadOnlyList<string> ErrorPaths => Json?["errors"]?.AsObject().Select(error => error.Key).ToArray() ?? [];
}

/// <summary>A vault shared by the tests of a class.</summary>
public sealed class AdminFixture : IAsyncDisposable, IDisposable
{
    private int _names;

    public VaultFactory Vault { get; } = new();

    public string NewName(string prefix = "N") => prefix + Interlocked.Increment(ref _names);

    public ValueTask DisposeAsync() => Vault.DisposeAsync();

    public void Dispose() => Vault.Dispose();

    /// <summary>Sends a request as the admin, or with another client.</summary>
    public async Task<AdminAnswer> SendAsync(
        string method, string path, string? json = null, HttpClient? client = null, string? ifMatch = null, string? ifNoneMatch = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path.StartsWith('/') ? path : "/api/v1/" + path);
        if (json is not null)
        {
            request.Content = new StringContent(json);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (ifNoneMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        }

        using var response = await (client ?? Vault.AdminClient).SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        JsonNode? node = null;
        if (response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json")
        {
            node = JsonNode.Parse(text);
        }

        var answer = new AdminAnswer(response.StatusCode, node, response.Headers, response.Content.Headers, text);
        if ((int)answer.Status >= 400)
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal("urn:vault:problem:" + answer.Code, (string?)node!["type"]);
            Assert.Equal((int)answer.Status, (int?)node["status"]);
            Assert.False(string.IsNullOrEmpty((string?)node["title"]));
        }

        return answer;
    }

    /// <summary>Expects a status and, for a refusal, a code.</summary>
    public async Task<AdminAnswer> ExpectAsync(int status, string? code, string method, string path, string? json = null, HttpClient? client = null, string? ifMatch = null)
    {
        var answer = await SendAsync(method, path, json, client, ifMatch);
        Assert.True(status == (int)answer.Status && code == answer.Code, $"{method} {path} {json}: {(int)answer.Status} {answer.Text}");
        return answer;
    }

    /// <summary>Makes a password credential with a named credential on it and its secrets; gives the name of both.</summary>
    public async Task<string> CreatePairAsync(bool withSecrets = true)
    {
        var name = NewName();
        await ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "password" } }""");
        await ExpectAsync(201, null, "POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "https://service.example/{{name}}", "externalCredential": "{{name}}" }""");
        if (withSecrets)
        {
            await ExpectAsync(204, null, "PUT", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Username": "user-name", "Password": "pass-word-1" } }""");
        }

        return name;
    }
}
