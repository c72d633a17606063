using Microsoft.AspNetCore.Http;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>What of a token is masked in answers, and what isn't: contract section 5, Redaction.</summary>
public sealed class EchoedTokenTests : ProtocolBench
{
    private const string Parameters = """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key", "Key": "kjhgfdsakjhgfdsakjhgfdsakjhgfdsa98" }""";

    [Fact]
    public async Task Tokens_AreMasked_AfterAHostWasTakenFromTheirCredential()
    {
        const string Authentication = """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token" }""";
        var issued = 0;
        Service.Answer = (context, request) => request.Target == "/token"
            ? AnswerAsync(context, 200, $$"""{ "access_token": "the-issued-token-{{++issued}}", "token_type": "Bearer", "expires_in": 3600 }""")
            : context.Response.WriteAsync("the-issued-token-1 the-issued-token-2 the-issued-token-3 the-issued-token-4");
        var app = await DefineAsync(Authentication, """{ "ClientId": "client", "ClientSecret": "the-client-secret" }""", hosts: ", \"other.example\"");
        await app.GetStringAsync($"/callout/{Name}/x");
        await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/refresh");
        await Vault.AdminAsync(
            HttpMethod.Put, $"/api/v1/external-credentials/{Name}Login", $$"""{ "authentication": {{Authentication.Replace("@", Service.Url, StringComparison.Ordinal)}}, "allowedHosts": ["{{Service.Url}}"] }""");
        var masked = new string('*', "the-issued-token-1".Length);
        Assert.Equal($"{masked} {masked} {masked} the-issued-token-4", await app.GetStringAsync($"/callout/{Name}/x"));

        // None of them is used any more, and after a day they are gone.
        Assert.Equal("Bearer the-issued-token-3", Service.Requests[^1].Header("Authorization"));
    }

    [Fact]
    public async Task KeyIdOfARole_IsNone_ButItsKeys()
    {
        Service.Answer = (context, request) => AnswerAsync(context, 200, request.Target == "/sts"
            ? """
              <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>
              <SecretAccessKey>role-secret-key</SecretAccessKey><SessionToken>role-session</SessionToken><Expiration>2030-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
              """
            : "ASIAEXAMPLE role-secret-key role-session AKIDEXAMPLE", "text/xml");
        var app = await DefineAsync("""{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "s3", "roleArn": "arn:aws:iam::1:role/r", "stsUrl": "@/sts" }""", Parameters);
        Assert.Equal("ASIAEXAMPLE *************** ************ AKIDEXAMPLE", await app.GetStringAsync($"/callout/{Name}/x"));
    }

    [Theory]
    [InlineData("expiresIn", "28800000", "", false)]
    [InlineData("expiresInMs", "28800000", "", false)]
    [InlineData("expiresAt", "2030-01-01T08:00:00Z", "", false)]
    [InlineData("expiresAt", "1893484800", "", false)]
    [InlineData("expiresAt", "1893484800", "?e={!$Token.end}", true)]
    public async Task WhatSaysWhenATokenEnds_IsMasked_OnlyWhereItIsSent(string setting, string end, string query, bool isMasked)
    {
        Service.Answer = (context, request) => context.Response.WriteAsync(request.Target == "/login" ? $$"""{ "token": "the-issued-token", "end": "{{end}}" }""" : "the-issued-token ends " + end);
        var logout = query.Length == 0 ? "" : $$""", "logout": [ { "request": { "url": "@/logout{{query}}" } } ]""";
        var app = await DefineAsync(
            $$"""
            { "protocol": "login", "steps": [ { "request": { "url": "@/login" }, "extract": { "t": "$.token", "end": "$.end" } } ],
              "apply": { "headers": { "X-Session": "{!$Token.t}" } }, "{{setting}}": "end"{{logout}} }
            """, Parameters);
        foreach (var _ in new int[2])
        {
            Assert.Equal("**************** ends " + (isMasked ? new string('*', end.Length) : end), await app.GetStringAsync($"/callout/{Name}/x"));
        }
    }
}
