using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>What <c>…/test</c> says to look at where a sign-in or a connection fails, and a callout doesn't.</summary>
public sealed class TrialAdviceTests : ProtocolBench
{
    private const string OAuth2 = """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "(at)/token" }""";
    private const string Login =
        """{ "protocol": "login", "steps": [ { "request": { "url": "(at)/token", "json": { "p": "{!$Credential.ClientSecret}" } }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""";

    private const string Parameters = """{ "ClientId": "client-7", "ClientSecret": "the-client-secret" }""";

    [Theory]
    [InlineData(OAuth2, 401, """{ "error": "invalid_client" }""", "ClientSecret", "clientAuthentication")]
    [InlineData(OAuth2, 400, """{ "error": "invalid_grant" }""", "Username, Password", "assertion", "clock", "consent", "taken back")]
    [InlineData(OAuth2, 400, """{ "error": "invalid_scope" }""", "scope")]
    [InlineData(OAuth2, 400, """{ "error": "unauthorized_client" }""", "this grant")]
    [InlineData(OAuth2, 200, """{ "error": "access_denied" }""", "rights")]
    [InlineData(OAuth2, 400, """{ "error": "of its own" }""", "parameters")]
    [InlineData(OAuth2, 404, "", "url")]
    [InlineData(OAuth2, 503, "", "own account")]
    [InlineData(OAuth2, 200, "<html>", "HTML")]
    [InlineData(OAuth2, 200, """{ "access_token": "abcdefgh", "expires_in": -1 }""", "expires_in")]
    [InlineData(Login, 302, "", "redirects are not followed", "2xx")]
    [InlineData(Login, 401, "", "parameters")]
    [InlineData(Login, 403, "", "parameters", "rights")]
    [InlineData(Login, 404, "", "url")]
    [InlineData(Login, 429, "", "too often")]
    [InlineData(Login, 500, "", "own account")]
    [InlineData(Login, 200, "<html>", "HTML", "extract")]
    public async Task SignIn_ThatIsRefused_SaysWhatToLookAt(string authentication, int status, string answer, params string[] expected)
    {
        Service.Answer = (context, _) => AnswerAsync(context, status, answer);
        await ExpectAdviceAsync(authentication, Service.Url, "sign-in", expected);
    }

    [Theory]
    [InlineData(OAuth2, "closed", "port", "Nothing listens")]
    [InlineData(OAuth2, "wants a certificate", "clientCertificate")]
    [InlineData(OAuth2, "untrusted", "serverCertificates")]
    [InlineData(Login, "closed", "port", "Nothing listens")]
    [InlineData(Login, "wants a certificate", "clientCertificate")]
    [InlineData("", "closed", "port", "Nothing listens")]
    [InlineData("", "wants a certificate", "clientCertificate")]
    [InlineData("", "untrusted", "serverCertificates")]
    [InlineData("", "no TLS", "https at this port")]
    [InlineData(OAuth2, "no TLS", "https at this port")]
    [InlineData("", "says nothing", "http, not https")]
    public async Task Connection_ThatFails_SaysWhatToLookAt(string authentication, string kind, params string[] expected)
    {
        using var certificate = TestCertificates.SelfSign("127.0.0.1");
        await using var raw = RawUpstream.Start();
        raw.AnswerWith("");
        await using var tls = await RecordingUpstream.StartAsync(https: new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            ClientCertificateMode = kind == "wants a certificate" ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate,
        });
        var url = kind switch
        {
            "closed" => $"http://127.0.0.1:{FreePort.Find()}",
            "no TLS" => Service.Url.Replace("http:", "https:", StringComparison.Ordinal),
            "says nothing" => raw.Url,
            _ => tls.Url,
        };
        var trusted = kind == "wants a certificate" ? $$""", "serverCertificates": {{JsonValue.Create(certificate.ExportCertificatePem()).ToJsonString()}}""" : "";
        await ExpectAdviceAsync(authentication, url, authentication.Length > 0 ? "sign-in" : "service", expected, trusted);
    }

    private async Task ExpectAdviceAsync(string authentication, string at, string where, string[] expected, string named = "")
    {
        var isSignIn = authentication.Length > 0;
        using var app = await DefineAsync(
            isSignIn ? authentication.Replace("(at)", at, StringComparison.Ordinal) : """{ "protocol": "custom" }""", Parameters, named, hosts: $", \"{at}\"");
        if (!isSignIn)
        {
            await Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + Name, $$"""{ "url": "{{at}}", "externalCredential": "{{Name}}Login"{{named}} }""");
        }

        var failure = (await TestAsync())["failure"]!;
        var detail = (string)failure["detail"]!;
        Assert.Equal(where, (string?)failure["where"]);
        Assert.All(expected, words => Assert.Contains(words, detail, StringComparison.Ordinal));

        // For who defined it: an app's callout is told what went wrong, and no more.
        var called = await (await CallAsync(app)).Content.ReadAsStringAsync();
        Assert.DoesNotContain("ook at", called, StringComparison.Ordinal);
        Assert.StartsWith((string)JsonNode.Parse(called)!["detail"]!, detail, StringComparison.Ordinal);
    }
}
