using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary><c>oauth2</c> against the npm package oidc-provider, driven through its login pages.</summary>
public sealed class OidcProviderTests : InteropBench
{
    private const string Secret = "the client:secret+1 which is long enough for HMAC";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private PeerProcess _server = null!;
    private string _url = "";

    public override async Task InitializeAsync()
    {
        var point = _key.ExportParameters(false).Q;
        var jwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["alg"] = "ES256",
            ["kid"] = "k1",
            ["use"] = "sig",
            ["x"] = System.Buffers.Text.Base64Url.EncodeToString(point.X),
            ["y"] = System.Buffers.Text.Base64Url.EncodeToString(point.Y),
        };
        _ = Vault.AdminClient;
        (_server, _url) = await PeerProcess.NodeAsync("oauth-server.mjs", Vault.ClientOptions.BaseAddress + "oauth/callback", jwk.ToJsonString());
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
        _key.Dispose();
    }

    [Theory]
    [InlineData("clientCredentials", "basic", "basic-client")]
    [InlineData("clientCredentials", "post", "post-client")]
    [InlineData("clientCredentials", "privateKeyJwt", "key-client")]
    [InlineData("clientCredentials", "privateKeyJwt", "hmac-client")]
    [InlineData("jwtBearer", "none", "public-client")]
    [InlineData("jwtBearer", "basic", "basic-client")]
    public async Task Grant_SignsIn_AndSurvivesRevocation(string grant, string authentication, string client)
    {
        var settings = Settings(grant, authentication);
        if (client == "key-client" || grant == "jwtBearer")
        {
            settings["assertion"] = new JsonObject { ["algorithm"] = "ES256", ["keyId"] = "k1" };
            if (grant == "jwtBearer")
            {
                settings["assertion"]!["subject"] = "ann";
            }
        }
        else if (client == "hmac-client")
        {
            settings["assertion"] = new JsonObject { ["algorithm"] = "HS256" };
        }

        await DefineAsync(_url + "/api", settings, Parameters(client));
        await AcceptedAsync("/record");
        await RevokeAsync();
        await AcceptedAsync("/record");
        await RevokeAsync();
        Assert.Equal(3, (int)(await AcceptedAsync("/record", """{ "small": true }"""))!["given"]!);
    }

    [Theory]
    [InlineData("basic", "basic-client")]
    [InlineData("post", "post-client")]
    [InlineData("privateKeyJwt", "key-client")]
    [InlineData("none", "public-client")]
    public async Task AuthorizationCode_ThroughTheLoginPages_ThenRotatedRefreshTokens(string authentication, string client)
    {
        var settings = Settings("authorizationCode", authentication);
        settings["scope"] = "openid offline_access";
        settings["authorizationParameters"] = new JsonObject { ["prompt"] = "consent" };
        if (client == "key-client")
        {
            settings["assertion"] = new JsonObject { ["algorithm"] = "ES256", ["keyId"] = "k1" };
        }

        var parameters = Parameters(client);
        if (authentication == "none")
        {
            parameters.Remove("ClientSecret");
        }

        await DefineAsync(_url + "/api", settings, parameters);
        using var missing = await SendAsync("/record");
        Assert.Equal("credential-not-configured", missing.Headers.GetValues("X-Vault-Error").Single());
        var begun = await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", "{}");
        var page = await ConsentAsync((string)begun!["authorizationUrl"]!);
        Assert.StartsWith(Vault.ClientOptions.BaseAddress + "oauth/callback", page.Url, StringComparison.Ordinal);
        for (var round = 1; round <= 4; round++)
        {
            // Each needs a new access token, got with a refresh token that is good once: used again, the server would revoke all.
            Assert.Equal(round, (int)(await AcceptedAsync("/record", round == 2 ? "{}" : null))!["given"]!);
            Assert.Equal("ann", (string?)(await AcceptedAsync("/record"))!["account"]);
            await RevokeAsync();
        }

        // Removed, the refresh token is revoked at the server, and a callout needs consent again.
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        using var removed = await SendAsync("/record");
        Assert.Equal("credential-not-configured", removed.Headers.GetValues("X-Vault-Error").Single());
    }

    [Fact]
    public async Task DeviceCode_EnteredAtTheServer()
    {
        var settings = Settings("deviceCode", "none");
        settings["scope"] = "openid offline_access";
        await DefineAsync(_url + "/api", settings, new JsonObject { ["ClientId"] = "public-client" });
        var begun = (await Vault.AdminAsync(HttpMethod.Post, CredentialPath + "/authorize", "{}"))!;

        // As a link with the code in it (RFC 8628 section 3.3.1), of which this server's has this form.
        var page = await ConsentAsync($"{begun["verificationUri"]}?user_code={begun["userCode"]}");
        Assert.DoesNotContain("error", page.Title, StringComparison.OrdinalIgnoreCase);
        for (var turn = 0; turn < 3000; turn++)
        {
            // The vault's clock runs ahead of the answers, but not so far that the code ends: 375 s of its 600.
            if (turn % 40 == 0)
            {
                Time.Advance(TimeSpan.FromSeconds(5));
            }

            using var response = await SendAsync("/record");
            if (response.IsSuccessStatusCode)
            {
                await RevokeAsync();
                Assert.Equal("ann", (string?)(await AcceptedAsync("/record", "{}"))!["account"]);
                return;
            }

            Assert.Equal("credential-not-configured", response.Headers.GetValues("X-Vault-Error").Single());
        }

        Assert.Fail("The device code was never redeemed.");
    }

    [Fact]
    public async Task WrongSecret_IsTold_WithoutTheSecret()
    {
        var parameters = Parameters("basic-client");
        parameters["ClientSecret"] = "canary-wrong-secret";
        await DefineAsync(_url + "/api", Settings("clientCredentials", "basic"), parameters);
        using var response = await SendAsync("/record");
        Assert.Equal("token-request-failed", response.Headers.GetValues("X-Vault-Error").Single());
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("invalid_client", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Vault.Logs.Lines, line => line.Contains("canary-wrong-secret", StringComparison.Ordinal));
    }

    private JsonObject Settings(string grant, string authentication) =>
        new() { ["protocol"] = "oauth2", ["grant"] = grant, ["issuer"] = _url, ["clientAuthentication"] = authentication };

    private JsonObject Parameters(string client) =>
        new() { ["ClientId"] = client, ["ClientSecret"] = Secret, ["PrivateKey"] = client == "hmac-client" ? Secret : _key.ExportPkcs8PrivateKeyPem() };

    private Task<string> RevokeAsync() => PeerProcess.AskAsync(_url + "/control/revoke");

    /// <summary>Does what a person does: signs in as ann, says yes to everything, until no form is left.</summary>
    private static async Task<IDocument> ConsentAsync(string url)
    {
        using var context = BrowsingContext.New(Configuration.Default.WithDefaultLoader().WithDefaultCookies());
        var page = await context.OpenAsync(url);
        for (var turn = 0; turn < 8 && page.Forms.Length > 0; turn++)
        {
            var form = page.Forms[0];
            if (form.Elements["login"] is IHtmlInputElement login && form.Elements["password"] is IHtmlInputElement password)
            {
                (login.Value, password.Value) = ("ann", "any");
            }

            page = await form.SubmitAsync();
        }

        Assert.True((int)page.StatusCode < 400, string.Create(CultureInfo.InvariantCulture, $"{page.StatusCode} {page.Url}: {page.DocumentElement.TextContent}"));
        return page;
    }
}
