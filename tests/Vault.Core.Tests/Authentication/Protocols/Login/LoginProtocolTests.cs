using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Login;

public sealed class LoginProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "login";

    protected override string Settings => """
        {
          "protocol": "login",
          "steps": [
            { "request": { "method": "POST", "url": "/token", "contentType": "application/json", "headers": { "Accept": "application/json" },
                "body": "{\"Username\":\"{!$Credential.Username}\",\"Password\":\"{!$Credential.Password}\"}" },
              "extract": { "securityToken": "$.securityToken" }, "failWhen": "$.error" },
            { "request": { "url": "https://id.service.example/session", "query": { "t": "{!$Token.securityToken}" } }, "extract": { "session": "cookie:SID" } }
          ],
          "apply": { "headers": { "Authorization": "Bearer {!$Token.securityToken}" }, "query": { "tenant": "{!$Credential.Tenant}" }, "cookies": { "SID": "{!$Token.session}" } },
          "lifetimeSeconds": 3600, "refreshOn": [401, { "status": 500, "bodyContains": "INVALID_SESSION_ID" }], "notSecret": ["Tenant"]
        }
        """;

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [("Username", "ada"), ("Password", "Secret-p"), ("Tenant", "t1")];

    [Fact]
    public void Apply_FillsHeadersQueryAndCookies()
    {
        var injection = Apply(Parts.Bind(Settings).Authentication, out var produced);
        Assert.Equal("Bearer Secret-of-securityToken", Assert.Single(injection.Headers).Value);
        Assert.Equal(("tenant", "t1", false), (Assert.Single(injection.Query).Name, injection.Query[0].Value, injection.Query[0].IsSecret));
        Assert.Equal(("SID", "Secret-of-session", true), (Assert.Single(injection.Cookies).Name, injection.Cookies[0].Value, injection.Cookies[0].IsSecret));
        Assert.Contains("Secret-of-session", produced);
    }

    [Fact]
    public void Bound_SaysWhereItGoes_AndWhatEndsIt()
    {
        var bound = Parts.Bind(Settings).Authentication;
        Assert.Equal(["https://id.service.example/"], bound.TokenUrls.Select(url => url.ToString()));
        Assert.True(bound.UsesNamedCredentialUrl);
        Assert.Equal(["securityToken", "session"], bound.Tokens!.TokenNames);
        Assert.Equal([(401, null), (500, "INVALID_SESSION_ID")], bound.Tokens.RefreshOn.Select(sign => (sign.Status, sign.BodyContains)));
        Assert.False(bound.IsSecret("tenant"));
        Assert.False(bound.IsSecret("Username"));
        Assert.True(bound.IsSecret("Pin"));
        Assert.Equal("", bound.AuthorizationMethod);
    }

    [Theory]
    [InlineData("https://id.example/t", false)]
    [InlineData("https://id.example/t?from={!URLENCODE($Credential.Endpoint.Url)}", true)]
    public void Bound_StepThatNamesTheEndpoint_HasTokensPerNamedCredential(string url, bool expected) => Assert.Equal(
        expected, Parts.Bind($$"""{"protocol":"login","steps":[{"request":{"url":"{{url}}"},"extract":{"t":"body"} }]}""").Authentication.UsesNamedCredentialUrl);
}
