using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary><c>If-Match</c> and <c>If-None-Match: *</c> where there are no entity tags: what is asked is whether something is there.</summary>
public sealed class ConditionTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    private const string Never = "\"0123456789ab-1\"";

    [Fact]
    public async Task Grant_IsJudgedByWhetherItIsThere()
    {
        var credential = await api.CreatePairAsync();
        var app = api.NewName("App");
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{app}}" }""");
        await JudgeAsync($"apps/{app}/grants/{credential}", "{}", created: 201, replaced: 200);
    }

    [Fact]
    public async Task SecretValues_AreJudgedByWhetherAnyAreSet()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        await JudgeAsync($"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Username": "u", "Password": "p" } }""", created: 204, replaced: 204);
    }

    [Fact]
    public async Task SecretValues_ChangedInPart_AreJudgedToo()
    {
        var path = $"external-credentials/{await api.CreatePairAsync(withSecrets: false)}/principals/default/credential";
        const string Json = """{ "parameters": { "Username": "u" } }""";
        await api.ExpectAsync(412, "precondition-failed", "PATCH", path, Json, ifMatch: "*");
        await api.ExpectAsync(204, null, "PATCH", path, Json);
        await api.ExpectAsync(204, null, "PATCH", path, Json, ifMatch: "*");
        await api.ExpectAsync(412, "precondition-failed", "PATCH", path, Json, ifMatch: Never);
    }

    [Fact]
    public async Task Keys_AreJudgedByWhetherTheyAreThere()
    {
        var app = api.NewName("App");
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{app}}" }""");
        var key = (await api.ExpectAsync(201, null, "POST", $"apps/{app}/keys")).Json!["id"];
        var person = api.NewName("Person");
        await api.ExpectAsync(201, null, "POST", "admin-keys", $$"""{ "name": "{{person}}", "role": "auditor" }""");
        foreach (var path in new[] { $"apps/{app}/keys/{key}", "admin-keys/" + person })
        {
            await api.ExpectAsync(412, "precondition-failed", "DELETE", path, ifMatch: Never);
            await api.ExpectAsync(204, null, "DELETE", path, ifMatch: "*");
            await api.ExpectAsync(412, "precondition-failed", "DELETE", path, ifMatch: "*");
            await api.ExpectAsync(404, "not-found", "DELETE", path);
        }
    }

    private async Task JudgeAsync(string path, string json, int created, int replaced)
    {
        await api.ExpectAsync(412, "precondition-failed", "PUT", path, json, ifMatch: "*");
        await api.ExpectAsync(412, "precondition-failed", "PUT", path, json, ifMatch: Never);
        Assert.Equal(created, (int)(await api.SendAsync("PUT", path, json, ifNoneMatch: "*")).Status);
        Assert.Equal(412, (int)(await api.SendAsync("PUT", path, json, ifNoneMatch: "*")).Status);
        await api.ExpectAsync(412, "precondition-failed", "PUT", path, json, ifMatch: Never);
        await api.ExpectAsync(replaced, null, "PUT", path, json, ifMatch: "*");
        await api.ExpectAsync(412, "precondition-failed", "DELETE", path, ifMatch: Never);
        await api.ExpectAsync(204, null, "DELETE", path, ifMatch: "*");
        await api.ExpectAsync(412, "precondition-failed", "DELETE", path, ifMatch: "*");
    }
}
