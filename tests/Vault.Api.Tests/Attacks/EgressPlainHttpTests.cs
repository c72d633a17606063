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

    private static VaultFactory Start(string directory, string allowHttp) => new(
        new Dictionary<string, string?> { ["Vault:Egress:AllowHttp"] = allowHttp, ["Vault:Egress:AllowedNetworks"] = "127.0.0.0/8" }, directory,
        services => services.Replace(ServiceDescriptor.Singleton<IHostResolver>(new ScriptedResolver())));
}
