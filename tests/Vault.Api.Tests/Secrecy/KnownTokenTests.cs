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

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task WhatWasSealedToOneHost_IsNotKeptForAnother()
    {
        await using var vault = new VaultFactory(dataDirectory: _directory);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", """
            { "name": "Inline", "url": "https://a.example", "authentication": { "protocol": "password", "username": "ada", "password": "the-first-password" } }
            """);
        const string Set = "/api/v1/external-credentials/Inline/principals/default/credential";
        await vault.AdminAsync(HttpMethod.Patch, Set, """{ "parameters": { "Password": "the-second-password" } }""");
        Assert.Equal((2, 1), await CountAsync());

        // All of it anew, elsewhere: else a row that says that it isn't retired would send what was meant for another host.
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Inline", """
            { "url": "https://b.example", "authentication": { "protocol": "password", "username": "ada", "password": "the-third-password" } }
            """);
        Assert.Equal((2, 0), await CountAsync());
        await vault.AdminAsync(HttpMethod.Patch, Set, """{ "parameters": { "Username": null, "Password": null } }""");
        Assert.Equal((0, 2), await CountAsync());
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Inline", """
            { "authentication": { "protocol": "password" }, "allowedHosts": [ "b.example", "c.example" ] }
            """);
        Assert.Equal((0, 0), await CountAsync());

        async Task<(long, long)> CountAsync()
        {
            await using var database = await TestDatabase.OpenAsync(_directory);
            await using var command = database.CreateCommand();
            command.CommandText = "SELECT COUNT(*) - COUNT(\"RetiredAt\"), COUNT(\"RetiredAt\") FROM secrets";
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            return (reader.GetInt64(0), reader.GetInt64(1));
        }
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
