using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary><c>oauth2</c> against OpenIddict, an authorization server that we didn't write.</summary>
public sealed class OpenIddictTests : IAsyncLifetime
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly VaultFactory _vault = new();
    private OpenIddictHost _server = null!;

    public async Task InitializeAsync()
    {
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(_key.ExportParameters(false))) { KeyId = "k1" });
        _server = await OpenIddictHost.StartAsync(jwk);
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _server.DisposeAsync();
        _key.Dispose();
    }

    [Theory]
    [InlineData("clientCredentials", "basic", "secret-client")]
    [InlineData("clientCredentials", "post", "secret-client")]
    [InlineData("clientCredentials", "privateKeyJwt", "key-client")]
    [InlineData("password", "none", "public-client")]
    [InlineData("password", "post", "secret-client")]
    public async Task Grant_SignsIn_AndSurvivesRevocation(string grant, string authentication, string client)
    {
        var assertion = authentication == "privateKeyJwt"
            ? $$""", "assertion": { "algorithm": "ES256", "keyId": "k1", "type": "client-authentication+jwt", "audience": "{{_server.Url}}/" }""" : "";
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "{{grant}}", "issuer": "{{_server.Url}}/", "clientAuthentication": "{{authentication}}"{{assertion}} }""",
            new JsonObject
            {
                ["ClientId"] = client,
                ["ClientSecret"] = "the client:secret+1",
                ["PrivateKey"] = _key.ExportPkcs8PrivateKeyPem(),
                ["Username"] = "ann",
                ["Password"] = "the-password",
            });
        await ExpectAsync(app);
        await _server.RevokeAccessTokensAsync();
        await ExpectAsync(app);
        await _server.RevokeAccessTokensAsync();
        await ExpectAsync(app, new StringContent("small"));
        Assert.Equal(3, _server.Given);
    }

    [Fact]
    public async Task AuthorizationCode_WithPkce_AndRotatedRefreshTokens()
    {
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "authorizationCode", "issuer": "{{_server.Url}}/", "scope": "offline_access" }""",
            new JsonObject { ["ClientId"] = "secret-client", ["ClientSecret"] = "the client:secret+1" });
        await _server.AllowRedirectAsync(_vault.ClientOptions.BaseAddress + "oauth/callback");
        var begun = await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials/OLogin/principals/default/credential/authorize", "{}");
        using var browser = _vault.CreateClient((string?)null);
        using var signedIn = await browser.GetAsync(new Uri((string)begun!["authorizationUrl"]!));
        var page = await browser.GetAsync(signedIn.Headers.Location);
        Assert.True(page.IsSuccessStatusCode, await page.Content.ReadAsStringAsync());
        for (var round = 0; round < 3; round++)
        {
            await ExpectAsync(app);
            await _server.RevokeAccessTokensAsync();
        }

        await ExpectAsync(app);
        Assert.Equal(4, _server.Given);

        // Removed, they are revoked there too: a callout needs consent again.
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/external-credentials/OLogin/principals/default/credential");
        Assert.Equal(409, (int)(await app.GetAsync("/callout/O/resource")).StatusCode);
    }

    [Fact]
    public async Task TokenExchange_GivesATokenForAToken()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var subject = await client.PostAsync(_server.Url + "/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "password",
            ["client_id"] = "public-client",
            ["username"] = "ann",
            ["password"] = "the-password",
        }));
        var token = (string)JsonNode.Parse(await subject.Content.ReadAsStringAsync())!["access_token"]!;
        var app = await DefineAsync(
            $$"""{ "protocol": "oauth2", "grant": "tokenExchange", "issuer": "{{_server.Url}}/", "clientAuthentication": "basic" }""",
            new JsonObject { ["ClientId"] = "secret-client", ["ClientSecret"] = "the client:secret+1", ["SubjectToken"] = token });
        await ExpectAsync(app);
        await _server.RevokeAccessTokensAsync(except: token);
        await ExpectAsync(app);
        await _server.RevokeAccessTokensAsync(except: token);
        await ExpectAsync(app, new StringContent("small"));
        Assert.Equal(4, _server.Given);

        // The subject token is dead too: that is told, and no dead token is sent in its place.
        await _server.RevokeAccessTokensAsync();
        using var response = await app.GetAsync("/callout/O/resource");
        Assert.Equal("token-request-failed", response.Headers.GetValues("X-Vault-Error").Single());
    }

    private static async Task ExpectAsync(HttpClient app, HttpContent? content = null)
    {
        using var response = content is null ? await app.GetAsync("/callout/O/resource") : await app.PostAsync("/callout/O/resource", content);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private async Task<HttpClient> DefineAsync(string authentication, JsonObject parameters)
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "OLogin", "authentication": {{authentication}}, "allowedHosts": ["{{_server.Url}}"] }""");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/OLogin/principals/default/credential", new JsonObject { ["parameters"] = parameters }.ToJsonString());
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "O", "url": "{{_server.Url}}", "externalCredential": "OLogin" }""");
        return _vault.CreateClient(await _vault.CreateAppAsync("OApp", "O"));
    }
}
