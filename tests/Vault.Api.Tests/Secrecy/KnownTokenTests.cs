using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Secrecy;

/// <summary>Tokens are masked in answers of callouts that ask for none, too, whatever of them is in memory.</summary>
public sealed class KnownTokenTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-tokens-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("""{ "protocol": "bearer", "token": "the-token-after-it" }""", false)]
    [InlineData("""{ "protocol": "password", "username": "ada", "password": "another-password" }""", true)]
    public async Task WhatInlineParametersReplaced_IsMaskedStill(string authentication, bool isElsewhere)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        await using var elsewhere = await RecordingUpstream.StartAsync();
        await using var vault = new VaultFactory(dataDirectory: _directory);
        upstream.Answer = elsewhere.Answer = (context, _) => context.Response.WriteAsync("it is the-first-password still");
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Inline", "url": "{{upstream.Url}}", "authentication": { "protocol": "password", "username": "ada", "password": "the-first-password" } }
            """);
        using var app = vault.CreateClient(await vault.CreateAppAsync("App", "Inline"));
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Inline", $$"""
            { "url": "{{(isElsewhere ? elsewhere : upstream).Url}}", "authentication": {{authentication}} }
            """);
        Assert.Equal("it is ****************** still", await app.GetStringAsync("/callout/Inline/x"));

        // What is discarded is gone.
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Inline?discardSecrets=true", $$"""
            { "url": "{{(isElsewhere ? upstream : elsewhere).Url}}", "authentication": { "protocol": "bearer", "token": "the-last-of-tokens" } }
            """);
        Assert.Equal("it is the-first-password still", await app.GetStringAsync("/callout/Inline/x"));
    }

    [Fact]
    public async Task Token_IsMasked_AfterARestart_AndAfterItsSecretsChanged()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        var token = "";
        upstream.Answer = (context, _) => context.Request.Path == "/token"
            ? context.Response.WriteAsync($$"""{"securityToken":"{{token = "token-" + Guid.NewGuid().ToString("N")}}"}""")
            : context.Response.WriteAsync("it is " + token + " still");
        string key;
        await using (var vault = new VaultFactory(dataDirectory: _directory))
        {
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", new JsonObject
            {
                ["name"] = "Service",
                ["authentication"] = JsonNode.Parse($$"""
                    {"protocol":"login","steps":[{"request":{"method":"POST","url":"{{upstream.Url}}/token","body":"{\"Password\":\"{!$Credential.Password}\"}"},"extract":{"securityToken":"$.securityToken"} }]}
                    """),
            }.ToJsonString());
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Service/principals/default/credential", """{"parameters":{"Password":"a-first-password"} }""");
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{"name":"With","url":"{{upstream.Url}}/a","externalCredential":"Service"}""");
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{"name":"Without","url":"{{upstream.Url}}/b","externalCredential":"Service","generateAuthorizationHeader":false}""");
            key = await vault.CreateAppAsync("App", "With", "Without");
            using var app = vault.CreateClient(key);
            await AssertMaskedAsync(app, "With");
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Service/principals/default/credential", """{"parameters":{"Password":"a-second-password"} }""");
            await AssertMaskedAsync(app, "Without");
            await AssertMaskedAsync(app, "With");
        }

        await using var again = new VaultFactory(dataDirectory: _directory);
        using var later = again.CreateClient(key);
        await AssertMaskedAsync(later, "Without");

        async Task AssertMaskedAsync(HttpClient app, string name)
        {
            var text = await app.GetStringAsync($"/callout/{name}/x");
            Assert.Equal("it is " + new string('*', token.Length) + " still", text);
        }
    }
}
