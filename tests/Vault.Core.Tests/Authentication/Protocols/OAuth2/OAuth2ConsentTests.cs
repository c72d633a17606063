using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.OAuth2;

/// <summary>The link that a person follows.</summary>
public sealed class OAuth2ConsentTests
{
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("", "scope", "read")]
    [InlineData("\"scope\": \"read {!$Credential.Username}\"", "scope", "read write")]
    [InlineData("\"audience\": \"urn:a\"", "audience", "urn:a")]
    [InlineData("\"client_id\": \"another\"", "client_id", "me")]
    [InlineData("\"response_type\": \"token\"", "response_type", "code")]
    [InlineData("\"redirect_uri\": \"https://evil.example\"", "redirect_uri", "https://vault.example/oauth/callback")]
    [InlineData("\"code_challenge_method\": \"plain\"", "code_challenge_method", "S256")]
    public async Task AuthorizationParameters_ReplaceAllButWhatBindsTheAnswer(string parameters, string name, string expected)
    {
        var credential = _parts.Bind(
            $$"""{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://id.example/ask", "tokenUrl": "https://id.example/token", "scope": "read", "authorizationParameters": { {{parameters}} } }""",
            "id.example");
        var start = await credential.Authentication.Consent!.BeginAsync(
            _parts.Acquisition(credential, FakeService.Always(""), null, ("ClientId", "me"), ("Username", "write")), "https://vault.example/oauth/callback", CancellationToken.None);
        Assert.True(start.IsOk, start.Error?.Detail);
        var query = new Uri(start.Value.Url).Query.TrimStart('?').Split('&').Select(pair => pair.Split('=')).ToLookup(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        Assert.Equal([expected], query[name]);
    }
}
