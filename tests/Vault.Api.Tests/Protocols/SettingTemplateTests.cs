using System.Security.Cryptography;
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
    [InlineData("\"role\": \"fixed\"", "", false)]
    [InlineData("\"jti\": \"{!$Request.Nonce}\"", "", true)]
    [InlineData("\"jti\": \"{!$Request.Nonce}\"", Silent, true)]
    public async Task Jwt_IsTheSame_WhateverNamesIt(string claim, string named, bool isPerRequest)
    {
        Service.Answer = (context, request) => AnswerAsync(context, 200, request.Text, "text/plain");
        var app = await DefineAsync(
            $$"""{ "protocol": "jwt", "algorithm": "HS256", "claims": { {{claim}} } }""", JwtSecrets,
            AllFields + named + """, "customHeaders": [ { "name": "X-Own", "value": "{!$Credential.OAuthToken}" } ]""");
        var tokens = new List<string>();
        for (var call = 0; call < 2; call++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/callout/{Name}/x")
            {
                Content = new StringContent("{!$Credential.OAuthToken} {!$Credential.AuthorizationMethod} {!$Credential.AuthorizationHeaderValue} {!$Token.jwt}"),
            };
            request.Headers.TryAddWithoutValidation("Authorization", "{!$Credential.AuthorizationMethod} {!$Credential.AuthorizationHeaderValue}");
            request.Headers.TryAddWithoutValidation("X-Access", "{!$Credential.OAuthToken}");
            using var answer = await app.SendAsync(request);
            await ExpectAsync(answer, 200);
            var sent = Service.Requests[^1];
            var token = sent.Header("X-Own")!;
            Assert.Equal(3, token.Split('.').Length);
            Assert.Equal($"{token} Bearer {token} {token}", sent.Text);
            Assert.Equal(("Bearer " + token, token), (sent.Header("Authorization"), sent.Header("X-Access")));
            Assert.DoesNotContain(token, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            tokens.Add(token);
        }

        Assert.Equal(isPerRequest ? 2 : 1, tokens.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData(Silent)]
    public async Task Jwt_OverTheBody_CoversItAsSent_AndCantStandInIt(string named)
    {
        var app = await DefineAsync(
            """{ "protocol": "jwt", "algorithm": "HS256", "claims": { "jti": "{!$Request.Nonce}", "hash": "{!HEX(HASH('SHA-256', $Credential.Body))}" } }""", JwtSecrets,
            AllFields + named);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/callout/{Name}/x") { Content = new StringContent("by {!$Credential.Username}") };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer {!$Credential.OAuthToken}");
        await ExpectAsync(await app.SendAsync(request), 200);
        var sent = Assert.Single(Service.Requests);
        Assert.Equal("by ann", sent.Text);
        var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(sent.Header("Authorization")!.Split('.')[1]))!;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(sent.Body)), (string?)claims["hash"]);

        var answer = await CallAsync(app, method: HttpMethod.Post, content: new StringContent("{!$Credential.OAuthToken}"));
        await ExpectAsync(answer, 400, "merge-field-invalid");
        Assert.Single(Service.Requests);
    }

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
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Token.jwt}", "claims": { "jti": "{!$Request.Nonce}" } }""", "")]
    [InlineData("""{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "tokenParameters": { "a": "{!$Token.jwt}" } }""", "")]
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Token.jwt}" }""", "at {!$Credential.OAuthToken}")]
    [InlineData("""{ "protocol": "jwt", "algorithm": "HS256", "issuer": "{!$Token.jwt}", "claims": { "jti": "{!$Request.Nonce}" } }""", "at {!$Credential.OAuthToken}")]
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

    [Fact]
    public async Task TokenParameters_AreEscapedOnce_AndNotWhereRawSaysSo()
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "access_token": "the-access-token", "token_type": "Bearer" }""");
        var app = await DefineAsync(
            """
            { "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "scope": "{!URLENCODE($Credential.Amp)}",
              "tokenParameters": { "x": "a&{!$Credential.Amp}", "y": "{!URLENCODE($Credential.Amp)}", "z": "{!RAW($Credential.Amp)}" } }
            """,
            """{ "ClientId": "c", "ClientSecret": "s", "Amp": "a&b=c+d%20e f" }""");
        await ExpectAsync(await CallAsync(app), 200);
        const string Encoded = "a%26b%3Dc%2Bd%2520e%20f";
        Assert.EndsWith($"&scope={Encoded}&x=a%26{Encoded}&y={Encoded}&z=a&b=c+d%20e f", Service.Requests[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{!$Token.o}", "x y%/é", "x%20y%25%2F%C3%A9")]
    [InlineData("{!URLENCODE($Token.o)}", "x y%/é", "x%20y%25%2F%C3%A9")]
    [InlineData("a b{!$Token.o}", "1&2", "a%20b1%262")]
    [InlineData("{!RAW($Token.o)}", "1&s=%2F", "1&s=%2F")]
    [InlineData("{!RAW($Token.o)}", "x y", null)]
    [InlineData("{!RAW($Token.o)}", "x#y", null)]
    public async Task AppliedQuery_IsEscapedOnce_AndNotWhereRawSaysSo(string template, string token, string? sent)
    {
        Service.Answer = (context, request) => AnswerAsync(context, 200, new JsonObject { ["o"] = token, ["target"] = request.Target }.ToJsonString());
        var app = await DefineAsync(
            $$$"""{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "o": "$.o" } } ], "apply": { "query": { "q": "{{{template}}}" } } }""", "");
        using var answer = await CallAsync(app, "/record?q=mine&p=1");
        await ExpectAsync(answer, sent is null ? 400 : 200, sent is null ? "merge-field-invalid" : null);
        Assert.Equal(sent is null ? "/api/login" : "/api/record?p=1&q=" + sent, Service.Requests[^1].Target);
        Assert.Equal(Service.Url + "/api/record?q=" + template.Split('{')[0].Replace(" ", "%20", StringComparison.Ordinal) + "••••••(o)", await PreviewedUrlAsync());
    }

    [Theory]
    [InlineData("\"form\": { \"{!$Credential.Plain}\": \"v\", \"a b{!URLENCODE($Credential.Plain)}\": \"w\" }", "n%26m%22=v&a%20bn%26m%22=w")]
    [InlineData("\"json\": { \"{!$Credential.Plain}\": [ { \"a{!JSENCODE($Credential.Plain)}\": 1 } ], \"b\": \"v\" }", """{"n&m\"":[{"an&m\"":1}],"b":"v"}""")]
    public async Task Names_OfAStep_AreTemplates(string body, string sent)
    {
        Service.Answer = (context, _) => AnswerAsync(context, 200, """{ "t": "the-token-value" }""");
        var settings =
            $$$"""{ "protocol": "login", "steps": [ { "request": { "url": "/login", "query": { "{!$Credential.Plain}": "{!$Credential.Plain}" }, {{{body}}} }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""";
        var app = await DefineAsync(settings, """{ "Plain": "n&m\"" }""");
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(("/api/login?n%26m%22=n%26m%22", sent), (Service.Requests[0].Target, Service.Requests[0].Text));
        var test = await TestAsync();
        Assert.True((bool)test["ok"]!, test.ToJsonString());
        Assert.Contains("••••••(Plain)=••••••(Plain)", (string?)test["steps"]![0]!["url"] ?? "", StringComparison.Ordinal);
        Assert.DoesNotContain("n%26m", test.ToJsonString(), StringComparison.Ordinal);

        await ExpectAsync(await CallAsync(await DefineAsync(settings, "")), 409, "credential-not-configured");
    }

    private async Task<string?> PreviewedUrlAsync()
    {
        using var response = await Vault.AdminClient.PostAsync(
            $"/api/v1/named-credentials/{Name}/preview",
            new StringContent("""{ "method": "GET", "path": "/record" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        return (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["url"];
    }
}
