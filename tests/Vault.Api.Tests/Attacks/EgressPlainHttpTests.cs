using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>A vault that was told to send nothing without TLS.</summary>
public sealed class EgressPlainHttpTests
{
    [Fact]
    public async Task Http_WhereItIsNotAllowed_IsRefusedWhenSavedAndWhenSent()
    {
        await using var upstream = RawUpstream.Start();
        var directory = Directory.CreateTempSubdirectory("vault-http-").FullName;
        try
        {
            string key;
            await using (var before = Start(directory, "true"))
            {
                await before.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Plain", "url": "{{upstream.Url}}", "authentication": { "protocol": "none" } }""");
                key = await before.CreateAppAsync("App", "Plain");
                using var app = before.CreateClient(key);
                Assert.Equal("ok", await app.GetStringAsync("/callout/Plain"));
            }

            // The same data, and a tightened policy: what was saved is judged again at every callout.
            await using var after = Start(directory, "false");
            using var client = after.CreateClient(key);
            using var denied = await client.GetAsync("/callout/Plain");
            Assert.Equal("egress-denied", Assert.Single(denied.Headers.GetValues("X-Vault-Error")));
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => after.AdminAsync(
                HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Other", "url": "{{upstream.Url}}", "authentication": { "protocol": "none" } }"""));
            Assert.Contains("answered 400", refused.Message, StringComparison.Ordinal);
            Assert.Equal(1, upstream.Connections);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task SignIn_OverHttp_WhereItIsNotAllowed_IsRefusedWhenSavedAndWhenSent_AndSaysWhy()
    {
        await using var upstream = RawUpstream.Start();
        string[] authentications =
        [
            $$"""{ "protocol": "oauth2", "grant": "clientCredentials", "clientAuthentication": "none", "tokenUrl": "{{upstream.Url}}/token" }""",
            $$"""{ "protocol": "login", "steps": [ { "request": { "url": "{{upstream.Url}}/login" }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""",
            $$"""{ "protocol": "oauth2", "grant": "clientCredentials", "clientAuthentication": "none", "issuer": "{{upstream.Url}}" }""",
            $$"""{ "protocol": "oauth2", "grant": "clientCredentials", "clientAuthentication": "none", "tokenUrl": "https://id.example/token", "revocationUrl": "{{upstream.Url}}/revoke" }""",
            $$"""{ "protocol": "oauth2", "grant": "deviceCode", "clientAuthentication": "none", "tokenUrl": "https://id.example/token", "deviceAuthorizationUrl": "{{upstream.Url}}/device" }""",
            $$"""{ "protocol": "oauth2", "grant": "authorizationCode", "clientAuthentication": "none", "tokenUrl": "https://id.example/token", "authorizationUrl": "{{upstream.Url}}/authorize" }""",
            $$"""{ "protocol": "awsSigV4", "region": "eu-central-1", "service": "s3", "roleArn": "arn:aws:iam::123456789012:role/r", "stsUrl": "{{upstream.Url}}" }""",
        ];
        const string Credentials = "/api/v1/external-credentials";
        string Json(string name, string authentication) => $$"""{ "name": "{{name}}", "authentication": {{authentication}}, "allowedHosts": ["{{upstream.Url}}", "id.example"] }""";
        var directory = Directory.CreateTempSubdirectory("vault-http-").FullName;
        try
        {
            await using (var before = Start(directory, "true"))
            {
                for (var index = 0; index < authentications.Length; index++)
                {
                    await before.AdminAsync(HttpMethod.Post, Credentials, Json("Stored" + index, authentications[index]));
                    await before.AdminAsync(HttpMethod.Put, $"{Credentials}/Stored{index}/principals/default/credential", """{ "parameters": { "ClientId": "client-1" } }""");
                }
            }

            await using var after = Start(directory, "false");
            foreach (var authentication in authentications)
            {
                await RefusedAsync(400, HttpMethod.Post, Credentials, Json("Other", authentication));
                await RefusedAsync(400, HttpMethod.Put, Credentials + "/Stored0", Json("Stored0", authentication));
                await RefusedAsync(400, HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Other", "url": "https://id.example", "authentication": {{authentication}} }""");
            }

            // What was saved is there still, and says at the sign-in what is in its way.
            for (var index = 0; index < 3; index++)
            {
                await RefusedAsync(502, HttpMethod.Post, $"{Credentials}/Stored{index}/principals/default/credential/refresh", "{}");
            }

            var all = await after.AdminAsync(HttpMethod.Get, "/api/v1/definitions");
            Assert.Equal(0, (int?)(await after.AdminAsync(HttpMethod.Post, "/api/v1/definitions/diff", all!.ToJsonString()))!["changed"]);
            Assert.Equal(0, upstream.Connections);

            async Task RefusedAsync(int status, HttpMethod method, string path, string json)
            {
                var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => after.AdminAsync(method, path, json));
                Assert.Contains($"answered {status}", refused.Message, StringComparison.Ordinal);
                Assert.Contains("(Vault:Egress:AllowHttp)", refused.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("allowedHosts", refused.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static VaultFactory Start(string directory, string allowHttp) => new(
        new Dictionary<string, string?> { ["Vault:Egress:AllowHttp"] = allowHttp, ["Vault:Egress:AllowedNetworks"] = "127.0.0.0/8" }, directory,
        services => services.Replace(ServiceDescriptor.Singleton<IHostResolver>(new ScriptedResolver())));
}
