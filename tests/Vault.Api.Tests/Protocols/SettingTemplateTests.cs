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
}
