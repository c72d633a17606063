using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
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
        var document = await DocumentAsync();
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
        var document = await DocumentAsync();
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

                foreach (var (status, answer) in operation["responses"]!.AsObject())
                {
                    Assert.All(answer!["content"]?.AsObject() ?? [], content => Assert.True(ExampleOf(document, content.Value!) is not null, $"{method} {path} has no example of {status}."));
                }
            }
        }
    }

    [Fact]
    public async Task Document_SaysWhichBodiesAndAnswersThereAre_InTheApisWords()
    {
        var document = await DocumentAsync();
        var operations = Operations(document).ToArray();

        Assert.DoesNotContain(operations, operation => operation.Value["operationId"] is not null);
        Assert.DoesNotContain("Vault.Core.", document.ToJsonString(Indented), StringComparison.Ordinal);
        Assert.All(
            operations.Where(operation => operation.Name.Contains(" /api/v1/", StringComparison.Ordinal) && operation.Value["security"] is not JsonArray { Count: 0 }),
            operation => Assert.True(operation.Value["responses"]!.AsObject().ContainsKey("400"), operation.Name));
        Assert.All(
            operations.Where(operation => operation.Name.EndsWith("/credential", StringComparison.Ordinal) && operation.Name[..4] is "put " or "patc"),
            operation => Assert.True(operation.Value["responses"]!.AsObject().ContainsKey("422"), operation.Name));
        var optional = new[] { "/apps/{app}/keys", "/grants/{namedCredential}", "/preview", "/test", "/refresh", "/authorize" };
        Assert.All(
            operations.Where(operation => operation.Name.Contains(" /api/v1/", StringComparison.Ordinal) && operation.Value["requestBody"] is not null),
            operation => Assert.Equal(!optional.Any(operation.Name.EndsWith), (bool?)operation.Value["requestBody"]!["required"] ?? false));
    }

    [Fact]
    public async Task Examples_AreAsTheirSchemasSay()
    {
        var document = await DocumentAsync();
        var bodies = Operations(document).Select(operation => (operation.Name, Media: operation.Value["requestBody"]?["content"]?["application/json"])).Where(body => body.Media is not null).ToArray();

        Assert.NotEmpty(bodies);
        Assert.All(bodies, body => Assert.True(SchemaOf(document, body.Media!["schema"]!).Evaluate(body.Media["example"].Deserialize<JsonElement>()).IsValid, body.Name));

        var answers = Operations(document).SelectMany(operation => operation.Value["responses"]!.AsObject().SelectMany(answer => (answer.Value!["content"]?.AsObject() ?? [])
            .Where(content => content.Key.EndsWith("json", StringComparison.Ordinal)).Select(content => (Name: $"{operation.Name} {answer.Key}", Media: content.Value!)))).ToArray();
        Assert.True(answers.Length > 200);
        Assert.All(answers, answer => Assert.True(SchemaOf(document, answer.Media["schema"]!).Evaluate(ExampleOf(document, answer.Media).Deserialize<JsonElement>()).IsValid, answer.Name));
    }

    // Its own, or that of its schema.
    private static JsonNode? ExampleOf(JsonNode document, JsonNode media) =>
        media["example"] ?? ((string?)media["schema"]?["$ref"] is { } reference ? document["components"]!["schemas"]![reference.Split('/')[^1]]!["examples"]?[0] : null);

    [Theory]
    [InlineData("NamedCredentialInput", """{ "url": "https://service.example", "rateLimit": { "permits": 5 }, "clientCertificate": null }""", true)]
    [InlineData("NamedCredentialInput", """{ "enabled": "yes" }""", false)]
    [InlineData("NamedCredentialInput", """{ "rateLimit": 5 }""", false)]
    [InlineData("NamedCredentialInput", """{ "rateLimit": { "perSeconds": 5 } }""", false)]
    [InlineData("NamedCredentialInput", """{ "colour": "red" }""", false)]
    [InlineData("AppInput", "{}", true)]
    [InlineData("NamedCredentialInput", """{ "url": "https://service.example", "timeoutSeconds": 3601 }""", false)]
    [InlineData("AppEntry", """{ "name": "Billing" }""", true)]
    [InlineData("AppEntry", "{}", false)]
    [InlineData("AdminKeyInput", """{ "name": "Ops" }""", false)]
    [InlineData("AdminKeyInput", """{ "name": "Ops", "role": null }""", false)]
    [InlineData("AdminKeyInput", """{ "name": "Ops", "role": "auditor" }""", true)]
    [InlineData("ExternalCredentialInput", """{ "name": "Login" }""", false)]
    [InlineData("ExternalCredentialInput", """{ "authentication": { "protocol": "none" } }""", true)]
    [InlineData("CustomHeaderContract", """{ "name": "X-Tenant" }""", false)]
    [InlineData("CustomHeaderContract", """{ "name": "X-Tenant", "value": "" }""", true)]
    [InlineData("PrincipalInput", """{ "type": "named" }""", false)]
    [InlineData("CredentialInput", "{}", false)]
    [InlineData("CredentialInput", """{ "parameters": null }""", false)]
    [InlineData("TrialOutcome", """{ "ok": true, "status": 200, "durationMs": 1.5, "steps": [], "failure": null }""", true)]
    [InlineData("TrialOutcome", """{ "ok": true }""", false)]
    public async Task Schema_TakesWhatTheVaultTakesAndAnswers(string schema, string json, bool isGood)
    {
        var reference = new JsonObject { ["$ref"] = "#/components/schemas/" + schema };

        Assert.Equal(isGood, SchemaOf(await DocumentAsync(), reference).Evaluate(JsonElement.Parse(json)).IsValid);
    }

    [Fact]
    public async Task Answers_SayTheirHeaders()
    {
        var operations = Operations(await DocumentAsync()).ToDictionary(operation => operation.Name, operation => operation.Value);

        Assert.Equal(["X-Vault-Request-Id", "ETag"], Headers("get /api/v1/apps/{app}", "200"));
        Assert.Equal(["X-Vault-Request-Id", "ETag", "Location"], Headers("post /api/v1/named-credentials", "201"));
        Assert.Equal(["X-Vault-Request-Id", "Location"], Headers("post /api/v1/apps/{app}/keys", "201"));
        Assert.Equal(["X-Vault-Request-Id", "ETag"], Headers("post /api/v1/definitions/diff", "200"));
        Assert.Equal(["X-Vault-Request-Id"], Headers("post /api/v1/definitions/apply", "200"));
        Assert.Equal(["X-Vault-Request-Id", "X-Vault-Error"], Headers("get /api/v1/apps/{app}", "404"));
        Assert.Equal(["X-Vault-Request-Id", "X-Vault-Error", "WWW-Authenticate"], Headers("get /api/v1/apps/{app}", "401"));
        Assert.Equal(["X-Vault-Request-Id", "X-Vault-Error", "Retry-After"], Headers("get /api/v1/apps/{app}", "503"));
        Assert.Equal(["X-Vault-Request-Id"], Headers("get /healthz/ready", "503"));
        Assert.All(
            from path in new[] { "/callout/{namedCredential}", "/callout/{namedCredential}/{path}" }
            from method in new[] { "get", "head", "post", "put", "patch", "delete", "options" }
            from status in new[] { "429", "503" }
            select Headers($"{method} {path}", status),
            headers => Assert.Equal(["X-Vault-Request-Id", "X-Vault-Error", "Retry-After"], headers));

        IEnumerable<string> Headers(string operation, string status) => operations[operation]["responses"]![status]!["headers"]!.AsObject().Select(header => header.Key);
    }

    [Fact]
    public async Task SwaggerUi_IsServed()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient((string?)null);
        Assert.Contains("swagger-ui", await client.GetStringAsync("/swagger/index.html"), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> DocumentAsync()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient((string?)null);
        return JsonNode.Parse(await client.GetStringAsync("/swagger/v1/swagger.json"))!;
    }

    private static IEnumerable<(string Name, JsonNode Value)> Operations(JsonNode document) =>
        from item in document["paths"]!.AsObject()
        from operation in item.Value!.AsObject()
        where operation.Value is JsonObject
        select ($"{operation.Key} {item.Key}", operation.Value);

    /// <summary>A schema of the document that stands on its own: what it refers to goes with it.</summary>
    private static JsonSchema SchemaOf(JsonNode document, JsonNode schema)
    {
        // What is an extension of OpenAPI's is no keyword of JSON Schema's.
        var schemas = document["components"]!["schemas"]!.DeepClone();
        Assert.True(schemas["ProblemDetails"]!["properties"]!["detail"]!.AsObject().Remove("x-ms-primary-error-message"));
        return JsonSchema.FromText(
            new JsonObject { ["allOf"] = new JsonArray(schema.DeepClone()), ["$defs"] = schemas }.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    }
}
