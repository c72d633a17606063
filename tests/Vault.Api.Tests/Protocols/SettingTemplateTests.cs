using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>Templates in the settings of protocols: whose names they know, how values land, and what is said of mistakes in them.</summary>
public sealed class SettingTemplateTests : ProtocolBench
{
    private const string JwtSecrets = """{ "Key": "a-key-of-thirty-two-characters!!", "Username": "ann" }""";

    [Theory]
    [InlineData("\"issuer\": \"{!$Credential.@@.Username}\"")]
    [InlineData("\"claims\": { \"who\": \"{!$Credential.@@.Username}\" }")]
    [InlineData("\"claims\": { \"who\": \"{!$Credential.@@.Username}\", \"jti\": \"{!$Request.Nonce}\" }")]
    public async Task Jwt_ThatNamesAnotherCredential_IsRefused(string setting)
    {
        var other = await DefineAsync($$"""{ "protocol": "jwt", "algorithm": "HS256", {{setting.Replace("@@", "Other", StringComparison.Ordinal)}} }""", JwtSecrets);
        await ExpectAsync(await CallAsync(other), 400, "merge-field-invalid");
        Assert.Empty(Service.Requests);
        var own = await DefineAsync($$"""{ "protocol": "jwt", "algorithm": "HS256", {{setting.Replace("@@", "P2Login", StringComparison.Ordinal)}} }""", JwtSecrets);
        await ExpectAsync(await CallAsync(own), 200);
    }

    [Theory]
    [InlineData("""{ "protocol": "custom" }""", """, "customHeaders": [ { "name": "X-A", "value": "{!$Credential.@@.Zork}" } ]""", "")]
    [InlineData("""{ "protocol": "custom" }""", "", """, "customHeaders": [ { "name": "X-A", "value": "{!$Credential.@@.Zork}" } ]""")]
    [InlineData("""{ "protocol": "login", "steps": [ { "request": { "url": "/t", "body": "{!$Credential.@@.Zork}" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""", "", "")]
    [InlineData("""{ "protocol": "login", "steps": [ { "request": { "url": "/t" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}{!$Credential.@@.Zork}" } } }""", "", "")]
    [InlineData("""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "scope": "{!$Credential.@@.Zork}" }""", "", "")]
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Credential.@@.Zork}" }""", "", "")]
    public async Task Name_OfAnotherCredential_IsUnknown_AndOfTheOwnNotConfigured(string authentication, string named, string external)
    {
        const string Secrets = """{ "Key": "k", "ClientId": "c", "ClientSecret": "s" }""";
        foreach (var (whose, status, code) in new[] { ("Pw", 400, "merge-field-invalid"), ("P2Login", 409, "credential-not-configured") })
        {
            var app = await DefineAsync(At(authentication, whose), Secrets, At(named, whose), At(external, whose));
            using var answer = await CallAsync(app);
            await ExpectAsync(answer, status, code);
            Assert.Contains(status == 400 ? "$Credential.Pw.Zork is not known here" : "Zork", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Empty(Service.Requests);
        }

        static string At(string text, string whose) => text.Replace("@@", whose, StringComparison.Ordinal);
    }
}
