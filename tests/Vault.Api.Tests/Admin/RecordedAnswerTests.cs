using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>The audit has the status that a change was answered with, and how long it took.</summary>
public sealed class RecordedAnswerTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    [Fact]
    public async Task EveryChange_IsRecorded_WithItsAnswersStatus()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        var app = api.NewName("App");
        var person = api.NewName("Person");
        var secrets = $"external-credentials/{name}/principals/default/credential";
        await SendAsync("PUT", "apps/" + app, "{}");
        await SendAsync("PUT", "apps/" + app, "{}");
        await SendAsync("POST", "apps", $$"""{ "name": "{{app}}" }""");
        var key = (await SendAsync("POST", $"apps/{app}/keys", "{}"))!["id"];
        await SendAsync("DELETE", $"apps/{app}/keys/{key}");
        await SendAsync("POST", "admin-keys", $$"""{ "name": "{{person}}", "role": "auditor" }""");
        await SendAsync("DELETE", "admin-keys/" + person);
        await SendAsync("PUT", $"apps/{app}/grants/{name}", "{}");
        await SendAsync("PUT", $"apps/{app}/grants/{name}", "{}");
        await SendAsync("DELETE", $"apps/{app}/grants/{name}");
        await SendAsync("PUT", secrets, """{ "parameters": { "Username": "u", "Password": "p" } }""");
        await SendAsync("PATCH", secrets, """{ "parameters": { "Password": "q" } }""");
        await SendAsync("POST", $"named-credentials/{name}/preview", "{}");
        await SendAsync("PUT", "named-credentials/" + name, $$"""{ "url": "https://service.example", "externalCredential": "{{name}}" }""");
        await SendAsync("PUT", "named-credentials/" + name, """{ "url": "https://service.example", "externalCredential": "Unknown" }""");
        await SendAsync("DELETE", secrets);
        await SendAsync("DELETE", "named-credentials/" + name);
        await SendAsync("DELETE", "external-credentials/" + name);
        await SendAsync("POST", "definitions/apply", $$"""{ "apps": [ { "name": "{{api.NewName("App")}}" } ] }""");
        await SendAsync("POST", "keys/rotate");
        await SendAsync("POST", "keys/rewrap");
    }

    private async Task<JsonNode?> SendAsync(string method, string path, string? json = null)
    {
        var answer = await api.SendAsync(method, path, json);
        var recorded = (await api.ExpectAsync(200, null, "GET", "audit?pageSize=20")).Json!["items"]!.AsArray()
            .First(item => (string?)item!["method"] == method && (string?)item["path"] == "/api/v1/" + path)!;
        Assert.True((int?)recorded["status"] == (int)answer.Status, $"{method} {path}: {answer.Status}, {recorded.ToJsonString()}");
        Assert.True((double?)recorded["durationMs"] >= 0, recorded.ToJsonString());
        Assert.Equal(answer.Code, (string?)recorded["code"]);
        return answer.Json;
    }
}
