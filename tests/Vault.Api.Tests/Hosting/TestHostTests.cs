using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>The vault in the memory of somebody's tests, without a server of its own: <c>WebApplicationFactory</c> as it comes.</summary>
public sealed class TestHostTests
{
    [Fact]
    public async Task Callouts_GoThrough()
    {
        var directory = Directory.CreateTempSubdirectory("vault-test-");
        await using var service = RawUpstream.Start();
        service.AnswerWith("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", close: false);
        await using (var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder => builder
            .UseSetting("Vault:DataDirectory", directory.FullName).UseSetting("Vault:BootstrapAdminKey", VaultFactory.AdminKey)))
        {
            using var admin = factory.CreateClient();
            admin.DefaultRequestHeaders.Add("X-Vault-Key", VaultFactory.AdminKey);
            foreach (var (method, path, body) in new[]
            {
                ("POST", "named-credentials", $$"""{ "name": "Service", "url": "{{service.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }"""),
                ("POST", "apps", """{ "name": "App" }"""), ("PUT", "apps/App/grants/Service", "{}"),
            })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path) { Content = JsonContent.Create(JsonNode.Parse(body)) };
                using var answer = await admin.SendAsync(request);
                Assert.Equal(201, (int)answer.StatusCode);
            }

            using var made = await admin.PostAsync("/api/v1/apps/App/keys", null);
            using var app = factory.CreateClient();
            app.DefaultRequestHeaders.Add("X-Vault-Key", (string?)(await made.Content.ReadFromJsonAsync<JsonNode>())!["key"]);
            using var callout = await app.GetAsync("/callout/Service/a%20b?q=1%202");
            Assert.Equal((200, "hello"), ((int)callout.StatusCode, await callout.Content.ReadAsStringAsync()));
            Assert.Equal("1", callout.TrailingHeaders.GetValues("X-T").Single());
            using var refused = await app.GetAsync("/callout/Service/a%2F..%2Fb");
            Assert.Equal(403, (int)refused.StatusCode);
            Assert.StartsWith("GET /a%20b?q=1%202 HTTP/1.1", service.Received.Single(), StringComparison.Ordinal);
        }

        directory.Delete(recursive: true);
    }
}
