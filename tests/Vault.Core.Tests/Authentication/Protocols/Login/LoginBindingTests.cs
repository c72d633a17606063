using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Login;

/// <summary>Every mistake in login settings is told at its own JSON path.</summary>
public sealed class LoginBindingTests
{
    [Theory]
    [InlineData("""{"url":"/t","metod":"GET"}""", "metod")]
    [InlineData("""{"url":"/t","method":"GE T"}""", "method")]
    [InlineData("""{"url":"/t","method":"TRACE"}""", "method")]
    [InlineData("""{"url":"/t","method":"connect"}""", "method")]
    [InlineData("{}", "url")]
    [InlineData("""{"url":7}""", "url")]
    [InlineData("""{"url":""}""", "url")]
    [InlineData("""{"url":"token"}""", "url")]
    [InlineData("""{"url":"//evil.example/t"}""", "url")]
    [InlineData("""{"url":"ftp://h.example/t"}""", "url")]
    [InlineData("""{"url":"https://u:p@h.example/t"}""", "url")]
    [InlineData("""{"url":"https://h.example/t#f"}""", "url")]
    [InlineData("""{"url":"https:///t"}""", "url")]
    [InlineData("""{"url":"https://{!$Credential.Host}/t"}""", "url")]
    [InlineData("""{"url":"https://h.example{!$Credential.Rest}"}""", "url")]
    [InlineData("""{"url":"https://h.example:{!$Credential.Port}/"}""", "url")]
    [InlineData("""{"url":"{!$Credential.Url}"}""", "url")]
    [InlineData("""{"url":"https:\\\\h.example/"}""", "url")]
    [InlineData("""{"url":"/t?x={!$Credential.A &}"}""", "url")]
    [InlineData("""{"url":"/t?x={!$Credential.}"}""", "url")]
    [InlineData("""{"url":"/t","headers":{"Host":"evil.example"}}""", "headers.Host")]
    [InlineData("""{"url":"/t","headers":{"X A":"1"}}""", "headers['X A']")]
    [InlineData("""{"url":"/t","headers":{"X-A":1}}""", "headers['X-A']")]
    [InlineData("""{"url":"/t","headers":[]}""", "headers")]
    [InlineData("""{"url":"/t","body":"a","json":{}}""", "json")]
    [InlineData("""{"url":"/t","body":"a","form":{}}""", "form")]
    [InlineData("""{"url":"/t","body":{"a":1}}""", "body")]
    [InlineData("""{"url":"/t","body":"{!$Credential.Body}"}""", "body")]
    [InlineData("""{"url":"/t","contentType":"application/json"}""", "contentType")]
    [InlineData("""{"url":"/t","contentType":"what is this","body":"x"}""", "contentType")]
    [InlineData("""{"url":"/t","contentType":"text/plain; charset=utf-16","body":"x"}""", "contentType")]
    [InlineData("""{"url":"/t","contentType":"text/plain; charset=us-ascii","body":"é"}""", "body")]
    [InlineData("""{"url":"/t","contentType":"text/plain","headers":{"content-type":"text/plain"},"body":"x"}""", "contentType")]
    [InlineData("""{"url":"/t","json":{"a":[{"b c":"{!$Credential.}"}]}}""", "json.a[0]['b c']")]
    [InlineData("""{"url":"/t","form":{"a":"{!$Token.later}"}}""", "form.a")]
    [InlineData("""{"url":"/t","query":{"a":"{!$Request.Nothing}"}}""", "query.a")]
    [InlineData("""{"url":"/t","query":{"a":"{!$Credential.OAuthToken}"}}""", "query.a")]
    [InlineData("""{"url":"/t","query":{"a":"{!$Credential.OAuthConsumerKey}"}}""", "query.a")]
    [InlineData("""{"url":"/t","query":{"{!$Credential.}":"v"}}""", "query['{!$Credential.}']")]
    [InlineData("""{"url":"/t","form":{"{!$Token.later}":"v"}}""", "form['{!$Token.later}']")]
    [InlineData("""{"url":"/t","json":{"a":{"{!$Credential.}":1}}}""", "json.a['{!$Credential.}']")]
    [InlineData("""{"url":"/t","json":{"{!$Token.later}":1}}""", "json['{!$Token.later}']")]
    [InlineData("""{"url":"/t","headers":{"{!$Credential.A}":"v"}}""", "headers['{!$Credential.A}']")]
    public void Request_Mistake_IsToldAtItsPath(string request, string path)
    {
        var errors = Errors($$"""{"protocol":"login","steps":[{"request":{{request}},"extract":{"later":"$.t"} }]}""");
        Assert.Equal(["$.authentication.steps[0].request." + path], errors.Keys);
    }

    [Theory]
    [InlineData("xpath://token[")]
    [InlineData("regex:(.*)(.*)")]
    [InlineData("header:")]
    [InlineData("header:a b")]
    [InlineData("cookie:a;b")]
    [InlineData("$.[")]
    [InlineData("securityToken")]
    [InlineData("")]
    public void Extract_UnknownKind_IsRefused(string extract) => Assert.Equal(
        ["$.authentication.steps[0].extract.t"],
        Errors($$"""{"protocol":"login","steps":[{"request":{"url":"/t"},"extract":{"t":"{{extract}}"} }]}""").Keys);

    [Theory]
    [InlineData("\"lifetimeSeconds\":0", "lifetimeSeconds")]
    [InlineData("\"lifetimeSeconds\":-1", "lifetimeSeconds")]
    [InlineData("\"lifetimeSeconds\":1.5", "lifetimeSeconds")]
    [InlineData("\"lifetimeSeconds\":\"3600\"", "lifetimeSeconds")]
    [InlineData("\"lifetimeSeconds\":1000000000000", "lifetimeSeconds")]
    [InlineData("\"expiresIn\":\"nothing\"", "expiresIn")]
    [InlineData("\"expiresInMs\":7", "expiresInMs")]
    [InlineData("\"expiresAt\":\"$.x\"", "expiresAt")]
    [InlineData("\"refresh\":[]", "refresh")]
    [InlineData("\"logout\":[]", "logout")]
    [InlineData("\"refreshOn\":401", "refreshOn")]
    [InlineData("\"refreshOn\":[99]", "refreshOn[0]")]
    [InlineData("\"refreshOn\":[401,\"403\"]", "refreshOn[1]")]
    [InlineData("\"refreshOn\":[{\"bodyContains\":\"x\"}]", "refreshOn[0].status")]
    [InlineData("\"refreshOn\":[{\"status\":500}]", "refreshOn[0].bodyContains")]
    [InlineData("\"refreshOn\":[{\"status\":500,\"bodyContains\":\"x\",\"header\":1}]", "refreshOn[0].header")]
    [InlineData("\"apply\":{\"header\":{}}", "apply.header")]
    [InlineData("\"apply\":{\"headers\":{\"Authorization\":\"{!$Token.other}\"}}", "apply.headers.Authorization")]
    [InlineData("\"apply\":{\"headers\":{\"Content-Length\":\"1\"}}", "apply.headers['Content-Length']")]
    [InlineData("\"apply\":{\"query\":{\"a\":\"{!$Credential.Body}\"}}", "apply.query.a")]
    [InlineData("\"apply\":{\"cookies\":{\"a b\":\"1\"}}", "apply.cookies['a b']")]
    [InlineData("\"notSecret\":\"Tenant\"", "notSecret")]
    public void Settings_Mistake_IsToldAtItsPath(string setting, string path) => Assert.Equal(
        ["$.authentication." + path], Errors($$"""{"protocol":"login","steps":[{"request":{"url":"/t"},"extract":{"t":"$.t"} }],{{setting}} }""").Keys);

    [Fact]
    public void Steps_Missing_OrNone_AreRefused()
    {
        Assert.Equal(["$.authentication.steps"], Errors("""{"protocol":"login"}""").Keys);
        Assert.Equal(["$.authentication.steps"], Errors("""{"protocol":"login","steps":[]}""").Keys);
        Assert.Equal(["$.authentication.steps"], Errors("""{"protocol":"login","steps":{}}""").Keys);
    }

    [Fact]
    public void SeveralMistakes_AreToldAtOnce() => Assert.Equal(
        new HashSet<string>
        {
            "$.authentication.steps[0].request.metod", "$.authentication.steps[0].requests", "$.authentication.steps[1].request",
            "$.authentication.steps[1].failWhen", "$.authentication.lifetime", "$.authentication.refreshOn[0].status",
        },
        Errors("""
            {"protocol":"login","lifetime":1,"refreshOn":[{"bodyContains":"x"}],"steps":[
              {"request":{"url":"/t","metod":"GET"},"requests":1,"extract":{"t":"$.t"}},
              {"failWhen":"error"}]}
            """).Keys.ToHashSet());

    [Fact]
    public void Steps_NameOnlyWhatEarlierStepsExtract()
    {
        const string step = """{"request":{"url":"/t","form":{"x":"{!$Token.a}"}},"extract":{"NAME":"$.t"}}""";
        const string first = """{"request":{"url":"/t"},"extract":{"A":"$.t"}}""";
        var errors = Errors($$"""{"protocol":"login","steps":[{{step.Replace("NAME", "b", StringComparison.Ordinal)}},{{first}},{{step.Replace("NAME", "c", StringComparison.Ordinal)}}]}""");
        Assert.Equal(["$.authentication.steps[0].request.form.x"], errors.Keys);
    }

    [Fact]
    public void Name_ExtractedTwiceInOneStep_IsRefused() => Assert.Equal(
        ["$.authentication.steps[0].extract.A"],
        Errors("""{"protocol":"login","steps":[{"request":{"url":"/t"},"extract":{"a":"$.t","A":"$.u"}}]}""").Keys);

    private static IReadOnlyDictionary<string, string[]> Errors(string json)
    {
        var bound = Authenticating.Protocols.Bind(Authenticating.Json(json));
        Assert.Equal(ErrorCodes.InvalidRequest, bound.Error?.Code);
        return bound.Error!.Errors!;
    }
}
