using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Stories;

/// <summary>Flow 1: the token request as Salesforce users know it, then the record with the app's own header.</summary>
public sealed class MergeFieldStoryTests
{
    [Fact]
    public async Task TokenByMergeFields_ThenRecordWithTheAppsOwnHeader()
    {
        await using var service = await TokenServiceUpstream.StartAsync();
        await using var vault = new VaultFactory();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
        {
            ["name"] = "ServiceTokenRequest",
            ["label"] = "SERVICE Token Request",
            ["url"] = service.Upstream.Url + "/token",
            ["authentication"] = new JsonObject { ["protocol"] = "password", ["username"] = TokenServiceUpstream.Username, ["password"] = TokenServiceUpstream.Password },
            ["generateAuthorizationHeader"] = false,
            ["allowMergeFieldsInBody"] = true,
        }.ToJsonString());
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """{ "name": "Nothing", "authentication": { "protocol": "none" } }""");
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Record", "url": "{{service.Upstream.Url}}/record", "externalCredential": "Nothing" }""");
        var key = await vault.CreateAppAsync("Billing", "ServiceTokenRequest", "Record");
        using var app = vault.CreateClient(key);

        using var content = new StringContent(
            """{"Username":"{!$Credential.Username}","Password":"{!RAW(JSENCODE($Credential.Password))}"}""", new MediaTypeHeaderValue("application/json"));
        using var token = await app.PostAsync("/callout/ServiceTokenRequest", content);
        Assert.Equal(HttpStatusCode.OK, token.StatusCode);
        var value = (string)(await token.Content.ReadFromJsonAsync<JsonObject>())!["securityToken"]!;
        Assert.Contains(value, service.Tokens);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/callout/Record");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
        using var record = await app.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, record.StatusCode);
        Assert.Equal("""{"record":200}""", await record.Content.ReadAsStringAsync());
    }
}
