using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>Templates in the settings of protocols: whose names they know, how values land, and what is said of mistakes in them.</summary>
public sealed class SettingTemplateTests : ProtocolBench
{
    private const string JwtSecrets = """{ "Key": "a-key-of-thirty-two-characters!!", "Username": "ann" }""";
    private const string AllFields = """, "allowMergeFieldsInHeader": true, "allowMergeFieldsInBody": true""";
    private const string Silent = """, "generateAuthorizationHeader": false""";

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

    [Theory]
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Token.jwt}" }""", "")]
    [InlineData("""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "tokenParameters": { "a": "{!$Token.jwt}" } }""", "")]
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Token.jwt}" }""", "at {!$Credential.OAuthToken}")]
    public async Task MistakeInASetting_IsToldOfTheSetting_NotOfWhatNamesTheToken(string authentication, string body)
    {
        var app = await DefineAsync(authentication, """{ "Key": "k", "ClientId": "c", "ClientSecret": "s" }""", AllFields + (body.Length > 0 ? Silent : ""));
        using var answer = await CallAsync(app, method: HttpMethod.Post, content: new StringContent(body));
        await ExpectAsync(answer, 400, "merge-field-invalid");
        Assert.Equal(
            $"In the authentication of the external credential {Name}Login: The merge field at line 1, column 1 is not valid: $Token.jwt is not known here.",
            (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]);
        Assert.Empty(Service.Requests);
    }
}
