using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>The external credential that a named credential's inline <c>authentication</c> makes: where it may be sent, whose secrets it has, and when it goes.</summary>
public sealed class InlineCredentialTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    private const string Secrets = """{ "protocol": "password", "username": "user-name", "password": "pass-word-1" }""";
    private const string NoSecrets = """{ "protocol": "password" }""";

    private static string Json(string host, string authentication) => $$"""{ "url": "https://{{host}}", "authentication": {{authentication}} }""";

    private async Task<string> CreateAsync(string host = "a.example", string authentication = Secrets)
    {
        var name = api.NewName("Inline");
        await api.ExpectAsync(201, null, "PUT", "named-credentials/" + name, Json(host, authentication));
        return name;
    }

    private async Task<string> UseAsync(string external, string host = "a.example")
    {
        var name = api.NewName("User");
        await api.ExpectAsync(201, null, "PUT", "named-credentials/" + name, $$"""{ "url": "https://{{host}}", "externalCredential": "{{external}}" }""");
        return name;
    }

    private async Task<string[]> HostsAsync(string name) =>
        [.. (await api.ExpectAsync(200, null, "GET", "external-credentials/" + name)).Json!["allowedHosts"]!.AsArray().Select(host => (string)host!)];

    private async Task AllowAsync(string name, string hosts, string query = "") => await api.ExpectAsync(
        200, null, "PUT", $"external-credentials/{name}{query}", $$"""{ "authentication": { "protocol": "password" }, "allowedHosts": [{{hosts}}] }""");

    [Theory]
    [InlineData(NoSecrets, "")]
    [InlineData(Secrets, "")]
    [InlineData(Secrets, "?discardSecrets=true")]
    public async Task Put_OnAnotherHost_WhereOthersUseIt_IsRefused(string authentication, string query)
    {
        var name = await CreateAsync();
        var other = await UseAsync(name);
        var refused = await api.ExpectAsync(422, "host-not-allowed", "PUT", $"named-credentials/{name}{query}", Json("b.example", authentication));
        Assert.Contains(other, (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Equal(["a.example"], await HostsAsync(name));
        Assert.Equal("https://a.example", (string?)(await api.ExpectAsync(200, null, "GET", "named-credentials/" + name)).Json!["url"]);

        // An admin who allows both hosts first may move it.
        await AllowAsync(name, "\"a.example\", \"b.example\"", "?discardSecrets=true");
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("b.example", authentication));
        Assert.Equal(["a.example", "b.example"], await HostsAsync(name));
    }

    [Theory]
    [InlineData(Secrets, "", 409)]
    [InlineData(Secrets, "?discardSecrets=true", 200)]
    [InlineData(NoSecrets, "", 200)]
    public async Task Put_OfTheReadForm_OnAnotherHost_IsJudgedAsItsAuthentication(string authentication, string query, int status)
    {
        var name = await CreateAsync(authentication: authentication);
        var form = (await api.ExpectAsync(200, null, "GET", "named-credentials/" + name)).Json!;
        form["url"] = "https://b.example";
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync("operator"));
        await api.ExpectAsync(422, "host-not-allowed", "PUT", $"named-credentials/{name}{query}", form.ToJsonString(), client);
        await api.ExpectAsync(422, "host-not-allowed", "POST", "definitions/apply" + query, $$"""{ "namedCredentials": [ { "name": "{{name}}", "url": "https://b.example", "externalCredential": "{{name}}" } ] }""");

        await api.ExpectAsync(status, status == 409 ? "secrets-would-travel" : null, "PUT", $"named-credentials/{name}{query}", form.ToJsonString());

        Assert.Equal([status == 409 ? "a.example" : "b.example"], await HostsAsync(name));
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal(status == 409 ? "configured" : "notConfigured", (string?)read.Json!["principals"]![0]!["status"]);
    }

    [Fact]
    public async Task Put_OnTheSameHost_KeepsWhatAnAdminAllowed()
    {
        var name = await CreateAsync();
        await AllowAsync(name, "\"a.example\", \"*.more.example\"", "?discardSecrets=true");
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("a.example", Secrets));
        Assert.Equal(["a.example", "*.more.example"], await HostsAsync(name));

        // Its own host moves with it, the others stay.
        await api.ExpectAsync(409, "secrets-would-travel", "PUT", "named-credentials/" + name, Json("b.example", NoSecrets));
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("b.example", Secrets));
        Assert.Equal(["*.more.example", "b.example"], await HostsAsync(name));
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("x.more.example", NoSecrets));
        Assert.Equal(["*.more.example", "b.example"], await HostsAsync(name));
    }

    [Theory]
    [InlineData("first", 1, "default", 2, "default")]
    [InlineData("first", 2, "second", 1, "second")]
    public async Task Put_GivesItsParameters_ToThePrincipalThatCalloutsUse(string one, int sequence, string two, int otherSequence, string expected)
    {
        var name = await CreateAsync(authentication: NoSecrets);
        await api.ExpectAsync(
            200, null, "PUT", "external-credentials/" + name,
            $$"""{ "authentication": {{NoSecrets}}, "principals": [ { "name": "{{one}}", "sequence": {{sequence}} }, { "name": "{{two}}", "sequence": {{otherSequence}} } ] }""");
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("a.example", Secrets));
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal([expected], read.Json!["principals"]!.AsArray().Where(principal => (string?)principal!["status"] == "configured").Select(principal => (string)principal!["name"]!));
    }

    [Theory]
    [InlineData("a.example", """{ "protocol": "password", "parameters": {} }""", 200)]
    [InlineData("b.example", """{ "protocol": "password", "parameters": {} }""", 409)]
    [InlineData("a.example", """{ "protocol": "none", "parameters": {} }""", 409)]
    public async Task Put_OfNoParameters_SendsNone(string host, string authentication, int status)
    {
        var name = await CreateAsync();
        await api.ExpectAsync(status, status == 409 ? "secrets-would-travel" : null, "PUT", "named-credentials/" + name, Json(host, authentication));
        Assert.Equal("configured", (string?)(await api.ExpectAsync(200, null, "GET", "external-credentials/" + name)).Json!["principals"]![0]!["status"]);
    }

    [Theory]
    [InlineData("""{ "protocol": "custom", "parameters": { "A": "value-a-2" } }""", false)]
    [InlineData("""{ "protocol": "custom", "parameters": { "C": "value-c-2" } }""", false)]
    [InlineData("""{ "protocol": "custom", "parameters": { "b": "value-b-2", "A": "value-a-2" } }""", true)]
    [InlineData("""{ "protocol": "password", "username": "user-name", "password": "pass-word-1" }""", true)]
    public async Task Put_OnAnotherHost_TakesAllThatIsSetAnew(string authentication, bool isTaken)
    {
        var name = await CreateAsync(authentication: """{ "protocol": "custom", "parameters": { "A": "value-a-1", "B": "value-b-1" } }""");
        await api.ExpectAsync(isTaken ? 200 : 409, isTaken ? null : "secrets-would-travel", "PUT", "named-credentials/" + name, Json("b.example", authentication));
    }

    [Fact]
    public async Task Put_OnAnotherHost_LeavesUsersTheirSecrets()
    {
        var name = await CreateAsync(authentication: NoSecrets);
        await api.ExpectAsync(
            200, null, "PUT", "external-credentials/" + name,
            $$"""{ "authentication": {{NoSecrets}}, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ] }""");
        var users = $"external-credentials/{name}/principals/default/users/ann/credential";
        await api.ExpectAsync(204, null, "PUT", users, """{ "parameters": { "Username": "ann", "Password": "pass-word-2" } }""");
        await api.ExpectAsync(409, "secrets-would-travel", "PUT", "named-credentials/" + name, Json("b.example", Secrets));
        Assert.Equal("configured", (string?)(await api.ExpectAsync(200, null, "GET", users)).Json!["status"]);
    }

    [Fact]
    public async Task Delete_TakesItsOwnExternalCredential_WhateverItIsLinkedTo()
    {
        var name = await CreateAsync();
        var external = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{external}}", "authentication": { "protocol": "none" } }""");
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, $$"""{ "url": "https://a.example", "externalCredential": "{{external}}" }""");
        await api.ExpectAsync(204, null, "DELETE", "named-credentials/" + name);
        await api.ExpectAsync(404, "not-found", "GET", "external-credentials/" + name);
        await api.ExpectAsync(200, null, "GET", "external-credentials/" + external);
        await api.ExpectAsync(201, null, "PUT", "named-credentials/" + name, Json("a.example", Secrets));
    }

    [Fact]
    public async Task Delete_OfTheLastUser_TakesWhatWasMadeInline()
    {
        var name = await CreateAsync();
        var other = await UseAsync(name);
        await api.ExpectAsync(204, null, "DELETE", "named-credentials/" + name);
        await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        var refused = await api.ExpectAsync(409, "already-exists", "PUT", "named-credentials/" + name, Json("a.example", Secrets));
        Assert.Contains("made inline by a named credential that is gone", (string?)refused.Json!["detail"], StringComparison.Ordinal);
        await api.ExpectAsync(204, null, "DELETE", "named-credentials/" + other);
        await api.ExpectAsync(404, "not-found", "GET", "external-credentials/" + name);
    }

    [Fact]
    public async Task Delete_OfAnotherUser_LeavesWhatItsOwnNamedCredentialMayComeBackTo()
    {
        var name = await CreateAsync();
        var other = await UseAsync(name);
        await api.ExpectAsync(204, null, "DELETE", "named-credentials/" + other);
        Assert.Equal([name], (await api.ExpectAsync(200, null, "GET", "external-credentials/" + name)).Json!["usedBy"]!.AsArray().Select(user => (string)user!));
    }

    [Fact]
    public async Task Operator_WithWhatIsForbiddenAndMalformed_IsForbidden()
    {
        var external = await api.CreatePairAsync();
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync("operator"));
        var refused = await api.ExpectAsync(
            403, "forbidden", "PUT", "named-credentials/" + api.NewName(),
            $$"""{ "url": "https://service.example", "externalCredential": "{{external}}", "serverCertificates": "no PEM", "timeoutSeconds": 0 }""", client);
        Assert.Equal(["$.serverCertificates"], refused.ErrorPaths);
        JsonNode? detail = (await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + api.NewName(), """{ "url": "https://h.example", "authentication": 5 }""", client)).Json!["errors"];
        Assert.Equal(["$.authentication"], detail!.AsObject().Select(error => error.Key));
    }
}
