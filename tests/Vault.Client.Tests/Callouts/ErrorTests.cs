using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Vault.Client.Tests.Callouts;

/// <summary>What the vault itself refuses.</summary>
public sealed class ErrorTests(VaultAndService setup) : IClassFixture<VaultAndService>
{
    [Fact]
    public async Task Get_WithAWrongKey_IsAnAccessException()
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service"), "vk_unknown12_0123456789abcdef0123456789abcdef");

        var refusal = await Assert.ThrowsAsync<VaultAccessException>(() => VaultAndService.ClientOf(app).GetAsync("record"));

        Assert.Equal((VaultErrorCodes.Unauthenticated, HttpStatusCode.Unauthorized), (refusal.Code, refusal.StatusCode));
        Assert.DoesNotContain("vk_unknown12", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("POST")]
    public async Task Send_WhatIsntGranted_IsAnAccessExceptionWithTheRecordsId(string method)
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault());
        using var request = new HttpRequestMessage(new HttpMethod(method), "callout:Nothing/record");

        var refusal = await Assert.ThrowsAsync<VaultAccessException>(() => VaultAndService.ClientOf(app).SendAsync(request));

        Assert.Equal((VaultErrorCodes.CalloutNotGranted, HttpStatusCode.Forbidden), (refusal.Code, refusal.StatusCode));
        Assert.False(string.IsNullOrEmpty(refusal.RequestId));
        Assert.IsAssignableFrom<HttpRequestException>(refusal);
    }

    [Fact]
    public async Task Get_WithoutSecrets_SaysWhatIsMissing()
    {
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """{ "name": "Empty", "authentication": { "protocol": "bearer" } }""");
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Empty", "url": "{{setup.Service.Url}}", "externalCredential": "Empty" }""");
        await setup.Vault.GrantAsync("Billing", "Empty");
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Empty"));

        var refusal = await Assert.ThrowsAsync<VaultNotConfiguredException>(() => VaultAndService.ClientOf(app).GetAsync("record"));

        Assert.Contains("Token", refusal.Detail, StringComparison.Ordinal);
        Assert.Null(refusal.AuthorizationUrl);
    }

    [Fact]
    public async Task Get_WithoutConsent_HasTheLinkForTheUser()
    {
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "Consent", "authentication": { "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "{{setup.Service.Url}}/authorize", "tokenUrl": "{{setup.Service.Url}}/token" },
              "principals": [ { "name": "people", "type": "perUser" } ] }
            """);
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Consent", "url": "{{setup.Service.Url}}", "externalCredential": "Consent" }""");
        await setup.Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Consent/principals/people/credential", """{ "parameters": { "ClientId": "client-7", "ClientSecret": "the-client-secret" } }""");
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "Consenting", "mayAssertUser": true }""");
        var key = (await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/Consenting/keys", "{}"))!["key"]!.GetValue<string>();
        await setup.Vault.GrantAsync("Consenting", "Consent", "people");
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Consent"), key);
        using var request = new HttpRequestMessage(HttpMethod.Get, "record").ForVaultUser("ada@example.com");

        var refusal = await Assert.ThrowsAsync<VaultNotConfiguredException>(() => VaultAndService.ClientOf(app).SendAsync(request));

        Assert.StartsWith(setup.Service.Url + "/authorize?", refusal.AuthorizationUrl?.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_OverTheRate_SaysHowLongToWait()
    {
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Metered", "url": "{{setup.Service.Url}}", "authentication": { "protocol": "none" }, "rateLimit": { "permits": 1, "perSeconds": 3600 } }
            """);
        await setup.Vault.GrantAsync("Billing", "Metered");
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Metered"));
        using var first = await VaultAndService.ClientOf(app).GetAsync("record");

        var refusal = await Assert.ThrowsAsync<VaultRateLimitedException>(() => VaultAndService.ClientOf(app).GetAsync("record"));

        Assert.True(refusal.RetryAfter > TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Post_ToAServiceThatIsntThere_IsAnUpstreamException()
    {
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", """{ "name": "Gone", "url": "http://127.0.0.1:1", "authentication": { "protocol": "none" } }""");
        await setup.Vault.GrantAsync("Billing", "Gone");
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Gone"));

        var refusal = await Assert.ThrowsAsync<VaultUpstreamException>(() => VaultAndService.ClientOf(app).PostAsync("record", null));

        Assert.Equal(VaultErrorCodes.UpstreamUnreachable, refusal.Code);
    }
}
