using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Protocols;
using Vault.Core.Administration.Definitions;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Documents;

/// <summary>docs/named-credentials.md: its example works, and it names every setting.</summary>
public sealed class NamedCredentialDocumentTests : ProtocolBench
{
    [Fact]
    public void EverySetting_IsThere()
    {
        var document = File.ReadAllText(RepositoryFiles.PathOf("docs/named-credentials.md"));
        var settings = typeof(NamedCredentialInput).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Except(["createdAt", "updatedAt"]).ToArray();
        Assert.True(settings.Length > 15);
        Assert.All(settings, setting => Assert.Contains($"`{setting}`", document, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Example_LetsThroughWhatItSays()
    {
        var example = JsonNode.Parse(DocumentExamples.Of("named-credentials.md").Single().ToJsonString().Replace("https://service.example", Service.Url, StringComparison.Ordinal))!;
        example["externalCredential"]!["allowedHosts"] = new JsonArray(Service.Url);
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", example["externalCredential"]!.ToJsonString());
        await Vault.AdminAsync(
            HttpMethod.Put, "/api/v1/external-credentials/OrdersLogin/principals/default/credential", new JsonObject { ["parameters"] = example["parameters"]!.DeepClone() }.ToJsonString());
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", example["namedCredential"]!.ToJsonString());
        using var app = Vault.CreateClient(await Vault.CreateAppAsync("OrdersApp", "Orders"));
        foreach (var (method, path, status) in new[] { ("GET", "/orders/7/lines", 200), ("GET", "/orders", 200), ("POST", "/orders", 200), ("POST", "/orders/7", 403), ("GET", "/customers", 403) })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/callout/Orders" + path);
            using var answer = await app.SendAsync(request);
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
            if (status == 200)
            {
                var seen = Service.Requests[^1];
                Assert.Equal(("/api/acme" + path, "acme", "Bearer the-issued-token"), (seen.Target, seen.Header("X-Tenant"), seen.Header("Authorization")));
            }
        }
    }
}
