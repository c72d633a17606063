using System.Text.RegularExpressions;
using Xunit;

namespace Vault.Api.Tests.Admin;

public sealed partial class AccessAdminTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    [Fact]
    public async Task App_KeysAndGrants_ComeAndGo()
    {
        var credential = await api.CreatePairAsync();
        var app = api.NewName("App");
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{app}}", "label": "l" }""");
        await api.ExpectAsync(409, "already-exists", "POST", "apps", $$"""{ "name": "{{app.ToUpperInvariant()}}" }""");
        var asserting = await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{api.NewName()}}", "mayAssertUser": true }""");
        Assert.True((bool)asserting.Json!["mayAssertUser"]!);

        var key = await api.ExpectAsync(201, null, "POST", $"apps/{app}/keys", """{ "expiresAt": "2099-01-01T00:00:00Z" }""");
        Assert.Matches(KeyPattern(), (string)key.Json!["key"]!);
        var second = await api.ExpectAsync(201, null, "POST", $"apps/{app}/keys");
        var list = await api.ExpectAsync(200, null, "GET", $"apps/{app}/keys");
        Assert.Equal(2, list.Json!["items"]!.AsArray().Count);
        Assert.DoesNotContain((string)key.Json["key"]!, list.Text, StringComparison.Ordinal);
        await api.ExpectAsync(204, null, "DELETE", $"apps/{app}/keys/{(string)second.Json!["id"]!}");
        await api.ExpectAsync(404, "not-found", "DELETE", $"apps/{app}/keys/{(string)second.Json["id"]!}");
        await api.ExpectAsync(400, "invalid-request", "POST", $"apps/{app}/keys", """{ "expiresAt": "2001-01-01T00:00:00Z" }""");
        await api.ExpectAsync(400, "invalid-request", "POST", $"apps/{app}/keys", """{ "expiresAt": "tomorrow" }""");

        await api.ExpectAsync(201, null, "PUT", $"apps/{app}/grants/{credential}", "{}");
        await api.ExpectAsync(200, null, "PUT", $"apps/{app}/grants/{credential}", """{ "principals": ["*"] }""");
        await api.ExpectAsync(422, "unknown-reference", "PUT", $"apps/{app}/grants/{credential}", """{ "principals": ["other"] }""");
        await api.ExpectAsync(400, "invalid-request", "PUT", $"apps/{app}/grants/{credential}", """{ "principals": [] }""");
        var notText = await api.ExpectAsync(400, "invalid-request", "PUT", $"apps/{app}/grants/{credential}", """{ "principals": ["other", null] }""");
        Assert.Equal(["$.principals[1]"], notText.ErrorPaths);
        await api.ExpectAsync(404, "not-found", "PUT", $"apps/{app}/grants/Unknown", "{}");
        foreach (var other in new[] { "\"Other\"", "\"\"", "\"not a name\"", "7" })
        {
            var refused = await api.ExpectAsync(400, "invalid-request", "PUT", $"apps/{app}/grants/{credential}", $$"""{ "namedCredential": {{other}}, "principals": ["default"] }""");
            Assert.Equal(["$.namedCredential"], refused.ErrorPaths);
        }

        await api.ExpectAsync(200, null, "PUT", $"apps/{app}/grants/{credential}", $$"""{ "namedCredential": "{{credential.ToUpperInvariant()}}", "principals": ["*"] }""");
        var grants = await api.ExpectAsync(200, null, "GET", $"apps/{app}/grants");
        Assert.Equal(credential, (string?)grants.Json!["items"]![0]!["namedCredential"]);
        Assert.Equal("*", (string?)grants.Json["items"]![0]!["principals"]![0]);
        await api.ExpectAsync(204, null, "DELETE", $"apps/{app}/grants/{credential}");
        await api.ExpectAsync(404, "not-found", "DELETE", $"apps/{app}/grants/{credential}");
        await api.ExpectAsync(204, null, "DELETE", $"apps/{app}");

        // A new app of the same name starts with none.
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{app}}" }""");
        Assert.Empty((await api.ExpectAsync(200, null, "GET", $"apps/{app}/keys")).Json!["items"]!.AsArray());
    }

    [Fact]
    public async Task Grant_NamesPrincipalsAsTheyAreSpelt_WhoeverGrantsThem()
    {
        var name = api.NewName("Spelt");
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""
            { "name": "{{name}}", "authentication": { "protocol": "password" }, "principals": [ { "name": "Other", "type": "named", "sequence": 1 }, { "name": "SalesTeam", "type": "named", "sequence": 2 } ] }
            """);
        await api.ExpectAsync(201, null, "POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "https://service.example", "externalCredential": "{{name}}" }""");
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{name}}" }""");
        var put = await api.ExpectAsync(201, null, "PUT", $"apps/{name}/grants/{name}", """{ "principals": ["salesteam", "OTHER", "SALESTEAM"] }""");
        var listed = (await api.ExpectAsync(200, null, "GET", $"apps/{name}/grants")).Json!["items"]![0]!;
        Assert.All([put.Json!, listed], grant => Assert.Equal(["SalesTeam", "Other"], grant["principals"]!.AsArray().Select(principal => (string?)principal)));
    }

    [Fact]
    public async Task AdminKeys_AreMadeShownOnceAndRevoked_AndTheLastStays()
    {
        var name = api.NewName("Ops");
        var made = await api.ExpectAsync(201, null, "POST", "admin-keys", $$"""{ "name": "{{name}}", "role": "admin" }""");
        var key = (string)made.Json!["key"]!;
        using var client = api.Vault.CreateClient(key);
        await api.ExpectAsync(200, null, "GET", "admin-keys", client: client);
        var list = await api.ExpectAsync(200, null, "GET", "admin-keys");
        Assert.DoesNotContain(key, list.Text, StringComparison.Ordinal);
        Assert.Contains(list.Json!["items"]!.AsArray(), item => (string?)item!["name"] == name && item["lastUsedAt"] is not null);
        await api.ExpectAsync(409, "already-exists", "POST", "admin-keys", $$"""{ "name": "{{name}}", "role": "auditor" }""");
        await api.ExpectAsync(400, "invalid-request", "POST", "admin-keys", $$"""{ "name": "{{api.NewName()}}", "role": "app" }""");
        await api.ExpectAsync(204, null, "DELETE", "admin-keys/" + name);
        await api.ExpectAsync(401, "unauthenticated", "GET", "admin-keys", client: client);
        await api.ExpectAsync(409, "last-admin-key", "DELETE", "admin-keys/bootstrap");
        await api.ExpectAsync(404, "not-found", "DELETE", "admin-keys/Unknown");
    }

    [Fact]
    public async Task Body_TooLarge_IsSaidSo()
    {
        var label = new string('x', 1_100_000);
        await api.ExpectAsync(413, "body-too-large", "POST", "apps", $$"""{ "name": "{{api.NewName()}}", "label": "{{label}}" }""");
        Assert.DoesNotContain(api.Vault.Logs.Lines, line => line.StartsWith("Error", StringComparison.Ordinal) || line.Contains("unhandled", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task IfNoneMatch_OnlyCreates_AndIfMatchOnNothingFails()
    {
        var name = api.NewName();
        Assert.Equal(201, (int)(await api.SendAsync("PUT", "apps/" + name, "{}", ifNoneMatch: "*")).Status);
        Assert.Equal(412, (int)(await api.SendAsync("PUT", "apps/" + name, "{}", ifNoneMatch: "*")).Status);
        Assert.Equal(412, (int)(await api.SendAsync("PUT", "apps/" + api.NewName(), "{}", ifMatch: "\"x\"")).Status);
    }

    [GeneratedRegex("^vk_[A-Za-z0-9]{8,32}_[A-Za-z0-9_-]{32,}$")]
    private static partial Regex KeyPattern();
}
