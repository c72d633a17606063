using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>What users share completes what is a user's own, and never stands in for it; the status says what a callout does.</summary>
public sealed class PerUserTests : ProtocolBench
{
    private const string Password = """{ "protocol": "password" }""";
    private const string Login = """{ "protocol": "login", "steps": [ { "request": { "url": "/token", "json": { "w": "{!$Credential.Who}", "p": "{!$Credential.Pin}" } }, "extract": { "t": "$.access_token" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } }, "notSecret": ["Who"] }""";
    private const string Consented = """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "@/authorize", "tokenUrl": "@/token" }""";

    [Theory]
    [InlineData(Password, """{ "Username": "all", "Password": "the-shared-password" }""", """{ "Username": "ada" }""", "Password")]
    [InlineData(Password, """{ "Username": "all", "Password": "the-shared-password" }""", """{ "Nick": "ada" }""", "Password")]
    [InlineData(Password, """{ "Username": "all" }""", """{ "Nick": "ada" }""", "Password")]
    [InlineData(Password, """{ "Username": "all", "Password": "the-shared-password" }""", """{ "password": "a-password-of-adas" }""", null)]
    [InlineData(Login, """{ "Who": "all", "Pin": "the-shared-pin" }""", """{ "Who": "ada" }""", "Pin")]
    [InlineData(Login, """{ "Who": "all", "Pin": "the-shared-pin" }""", """{ "Pin": "a-pin-of-adas" }""", null)]
    [InlineData("""{ "protocol": "custom" }""", """{ "All": "the-shared-value" }""", """{ "Nick": "ada" }""", null)]
    [InlineData(Consented, """{ "ClientId": "me", "ClientSecret": "the-client-secret", "RefreshToken": "a-shared-refresh-token" }""", """{ "Nick": "ada" }""", "Consent")]
    [InlineData(Consented, """{ "ClientId": "me", "ClientSecret": "the-client-secret" }""", """{ "RefreshToken": "a-refresh-token-of-adas" }""", null)]
    public async Task Callout_WithWhatUsersShare_NeedsAProofOfTheUsersOwn_AndTheStatusSaysSo(string settings, string shared, string own, string? missing)
    {
        Service.Answer = (context, request) => AnswerAsync(context, 200, request.Target.EndsWith("/token", StringComparison.Ordinal) ? """{ "access_token": "a-token-of-adas", "token_type": "Bearer", "expires_in": 3600 }""" : "{}");
        var app = await DefineAsync(settings, shared, principals: """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""");
        var users = $"/api/v1/external-credentials/{Name}Login/principals/default/users";
        await Vault.AdminAsync(HttpMethod.Put, users + "/ada/credential", $$"""{ "parameters": {{own}} }""");
        Assert.Equal(missing is null ? "configured" : "notConfigured", await StatusAsync());
        using var answer = await CallAsync(app, user: "ada");
        Assert.Equal(missing is null ? 200 : 409, (int)answer.StatusCode);
        if (missing is not null)
        {
            Assert.Contains(missing, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"], StringComparison.Ordinal);
            Assert.Empty(Service.Requests);
        }

        // A token that was got meanwhile doesn't change it.
        Assert.Equal(missing is null ? "configured" : "notConfigured", await StatusAsync());

        async Task<string?> StatusAsync()
        {
            var status = (string?)(await Vault.AdminAsync(HttpMethod.Get, users + "/ada/credential"))!["status"];
            Assert.Equal(status, (string?)Assert.Single((await Vault.AdminAsync(HttpMethod.Get, users))!["items"]!.AsArray())!["status"]);
            return status;
        }
    }

    [Theory]
    [InlineData(Login, """{ "Who": "all", "Pin": "the-shared-pin" }""")]
    [InlineData("""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token" }""", """{ "ClientId": "me", "ClientSecret": "the-shared-secret" }""")]
    public async Task Refresh_WithNothingButWhatUsersShare_IsRefusedAsACalloutIs_AndMakesNobodyAUser(string settings, string shared)
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "access_token": "a-token-of-nobodys", "token_type": "Bearer", "expires_in": 3600 }""");
        var app = await DefineAsync(settings, shared, principals: """, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ]""");
        var users = $"/api/v1/external-credentials/{Name}Login/principals/default/users";
        using var called = await CallAsync(app, user: "nobody");
        using var refreshed = await Vault.AdminClient.PostAsync(users + "/nobody/credential/refresh", null);
        Assert.Equal(await DetailAsync(called), await DetailAsync(refreshed));
        await ExpectAsync(refreshed, 409, "credential-not-configured");
        Assert.Empty(Service.Requests);
        Assert.Empty((await Vault.AdminAsync(HttpMethod.Get, users))!["items"]!.AsArray());

        static async Task<string?> DetailAsync(HttpResponseMessage answer) => (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"];
    }
}
