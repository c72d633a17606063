using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.OpenApi;

/// <summary>The committed openapi.json is the document that the vault serves. To renew it: UPDATE_OPENAPI=1 ./test.sh.</summary>
public sealed class OpenApiTests
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public async Task Document_IsTheCommittedOne()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient((string?)null);
        var document = JsonNode.Parse(await client.GetStringAsync("/swagger/v1/swagger.json"))!;
        var text = document.ToJsonString(Indented) + "\n";
        var path = RepositoryFiles.PathOf("openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(path, text);
        }

        Assert.Equal(await File.ReadAllTextAsync(path), text);
    }

    [Fact]
    public async Task Document_CoversEveryRoute_WithExamplesAndProblems()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient((string?)null);
        var document = JsonNode.Parse(await client.GetStringAsync("/swagger/v1/swagger.json"))!;
        Assert.Equal(2, document["components"]!["securitySchemes"]!.AsObject().Count);
        var paths = document["paths"]!.AsObject();
        Assert.Contains("/callout/{namedCredential}/{path}", paths.Select(path => path.Key));
        foreach (var (path, item) in paths.Where(path => path.Key.StartsWith("/api/v1", StringComparison.Ordinal)))
        {
            foreach (var (method, operation) in item!.AsObject().Where(operation => operation.Value is JsonObject))
            {
                Assert.False(string.IsNullOrEmpty((string?)operation!["summary"]), $"{method} {path} has no summary.");
                Assert.True(operation["responses"]!.AsObject().ContainsKey("401") || operation["security"] is JsonArray { Count: 0 }, $"{method} {path} doesn't say 401.");
                if (operation["requestBody"] is { } body)
                {
                    Assert.True(body["content"]!["application/json"]!.AsObject().ContainsKey("example"), $"{method} {path} has no example.");
                }
            }
        }
    }

    [Fact]
    public async Task SwaggerUi_IsServed()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient((string?)null);
        Assert.Contains("swagger-ui", await client.GetStringAsync("/swagger/index.html"), StringComparison.Ordinal);
    }
}
