using System.Net;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class AccessTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    [Theory]
    [InlineData(null)]
    [InlineData("vk_unknown0_0123456789abcdef0123456789abcdef01234567890")]
    [InlineData("not a key")]
    public async Task NoUsableKey_IsUnauthenticated(string? key)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        using var client = fixture.Vault.CreateClient(key);
        await (callout with { Client = client }).SendRefusedAsync("unauthenticated", HttpStatusCode.Unauthorized, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task NotGrantedUnknownAndMalformed_AnswerTheSame()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        var other = await fixture.CreateAsync("""{ "protocol": "none" }""");
        var details = new List<string>();
        foreach (var name in new[] { other.Name, "Unknown", "9bad", "a%20b" })
        {
            details.Add(await (callout with { Name = name }).SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x"));
        }

        Assert.Single(details.Distinct());
    }

    [Fact]
    public async Task UserWithoutAName_IsNone()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        await callout.SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x", headers: ("X-Vault-User", ""));
        await fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/App" + callout.Name, """{ "mayAssertUser": true }""");
        await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("X-Vault-User", ""));
        await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/apps/App{callout.Name}/grants/{callout.Name}", """{ "principals": ["*"] }""");
        await fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/" + callout.Name, """
            { "authentication": { "protocol": "none" }, "principals": [ { "name": "each", "type": "perUser", "sequence": 1 } ] }
            """);
        await callout.SendRefusedAsync("user-required", HttpStatusCode.BadRequest, HttpMethod.Get, "/x", headers: ("X-Vault-User", ""));
    }

    [Fact]
    public async Task PrincipalNotGranted_IsRefused_AndUserToo()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("X-Vault-Principal", "Default"));
        await callout.SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x", headers: ("X-Vault-Principal", "other"));
        await callout.SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x", headers: ("X-Vault-User", "u1"));
    }

    [Fact]
    public async Task KeyOfAPerson_CantCallOut()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        using var client = fixture.Vault.CreateClient(VaultFactory.AdminKey);
        await (callout with { Client = client }).SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task Disabled_IsRefused()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""", "\"enabled\": false");
        await callout.SendRefusedAsync("named-credential-disabled", HttpStatusCode.Forbidden, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task GrantWithdrawn_IsInForceAtOnce()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        await callout.SendAndRecordAsync(HttpMethod.Get, "/x");
        await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/App{callout.Name}/grants/{callout.Name}");
        await callout.SendRefusedAsync("callout-not-granted", HttpStatusCode.Forbidden, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task ParameterWithoutValue_IsNamed()
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "password" } }""");
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{fixture.Upstream.Url}}", "externalCredential": "{{name}}" }""");
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        var callout = new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        var detail = await callout.SendRefusedAsync("credential-not-configured", HttpStatusCode.Conflict, HttpMethod.Get, "/x");
        Assert.Contains("Username", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodyDeclaredTooLarge_IsRefused()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""", "\"maxRequestBytes\": 10");
        await callout.SendRefusedAsync("body-too-large", HttpStatusCode.RequestEntityTooLarge, HttpMethod.Post, "/x", "12345678901");
        await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "1234567890");
    }

    [Theory]
    [InlineData("{!$Credential.Username} and more", "text/plain", false, 413)]
    [InlineData("{!$Credential.Nobody} and more", "text/plain", true, 413)]
    [InlineData("{!$Credential.Username} and more", "text/plain; charset=utf-16", true, 413)]
    [InlineData("{!$Credential.Username}", "text/plain", true, 200)]
    [InlineData("{!$Credential.Nobody}", "text/plain", true, 400)]
    public async Task BodyDeclaredTooLarge_ComesBeforeWhatIsWrongWithIt_AndCountsAsItIsSent(string body, string type, bool isConfigured, int status)
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "password", "username": "user", "password": "the-password" }""", $"\"maxRequestBytes\": {(status == 400 ? 21 : 20)}, \"allowMergeFieldsInBody\": true");
        if (!isConfigured)
        {
            await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/external-credentials/{callout.Name}/principals/default/credential");
        }

        using var response = await callout.SendAsync(HttpMethod.Post, "/x", body, type);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task NothingListens_IsUnreachable()
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "http://127.0.0.1:1", "authentication": { "protocol": "none" } }""");
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        var callout = new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        await callout.SendRefusedAsync("upstream-unreachable", HttpStatusCode.BadGateway, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task AddressNotAllowed_IsDenied()
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "http://169.254.169.254", "authentication": { "protocol": "none" } }""");
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        var callout = new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        await callout.SendRefusedAsync("egress-denied", HttpStatusCode.Forbidden, HttpMethod.Get, "/x");
    }
}
