using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.SecretSources;

/// <summary>References in a document of definitions: set by the rules of their own route, compared like definitions, and given back.</summary>
public sealed class ReferencesInDocumentsTests : IAsyncLifetime
{
    private const string Canary = "d0cument-canary-4Kt";
    private readonly string _files = Directory.CreateTempSubdirectory("vault-files-").FullName;
    private VaultFactory _vault = null!;
    private RecordingUpstream _service = null!;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_files, "a"), Canary);
        _vault = new VaultFactory(new Dictionary<string, string?>
        {
            ["Vault:SecretSources:files:Type"] = "file",
            ["Vault:SecretSources:files:Directory"] = _files,
        });
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    [Fact]
    public async Task Reference_IsApplied_Used_AndTheSecondTimeUnchanged()
    {
        const string Reference = """{ "source": "files", "secret": "a" }""";
        Assert.Equal(["created"], await ChangesAsync("apply", Reference));
        Assert.Empty(await ChangesAsync("diff", Reference));
        Assert.Empty(await ChangesAsync("apply", Reference));

        using var app = _vault.CreateClient(await _vault.CreateAppAsync("App", "Kept"));
        await app.GetAsync("/callout/Kept/x");
        Assert.Equal("Bearer " + Canary, _service.Requests[^1].Header("Authorization"));
    }

    [Fact]
    public async Task Reference_IsToldApart_FromAnother_FromAValue_AndFromNothing()
    {
        await ChangesAsync("apply", """{ "source": "files", "secret": "a" }""");
        var other = (await SendAsync("diff", """{ "source": "files", "secret": "b", "field": "f" }"""))["changes"]![0]!["differences"]![0]!;
        Assert.Equal("""{"source":"files","secret":"a"}""", other["before"]!.ToJsonString());
        Assert.Equal("""{"source":"files","secret":"b","field":"f"}""", other["after"]!.ToJsonString());

        // A value in the place of a reference is a change for certain; values are never compared before they are applied.
        Assert.Equal(["changed"], await ChangesAsync("diff", $"\"{Canary}\""));
        Assert.Equal(["changed"], await ChangesAsync("diff", "null"));
        Assert.Equal(["changed"], await ChangesAsync("apply", "\"a-value-of-its-own\""));
        Assert.Equal(["undetermined"], await ChangesAsync("diff", "\"a-value-of-its-own\""));
        Assert.Equal(["undetermined"], await ChangesAsync("diff", "\"a-wrong-guess\""));
        var back = await SendAsync("apply", """{ "source": "files", "secret": "a" }""");
        Assert.Equal(["changed"], Actions(back));
        Assert.Null(back["changes"]![0]!["differences"]![0]!["before"]);
    }

    [Fact]
    public async Task Export_GivesReferencesBack_AndNoValue_AndAppliedAgainChangesNothing()
    {
        await SendAsync("apply", """{ "source": "files", "secret": "a" }""", """, "Other": "canary-value-77" """);

        var export = (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/definitions"))!;
        var again = (await _vault.AdminAsync(HttpMethod.Post, "/api/v1/definitions/apply", export.ToJsonString()))!;

        Assert.Equal("""{"Token":{"source":"files","secret":"a"}}""", export["externalCredentials"]![0]!["principals"]![0]!["parameters"]!.ToJsonString());
        Assert.DoesNotContain("canary-value", export.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(again["changes"]!.AsArray());

        // As it was exported an operator may apply it, too: it changes no secret.
        using var client = _vault.CreateClient(await _vault.CreateKeyAsync("operator"));
        Assert.Equal(200, await StatusAsync(client, export));
        export["externalCredentials"]![0]!["principals"]![0]!["parameters"]!["Token"]!["secret"] = "b";
        Assert.Equal(403, await StatusAsync(client, export));
        export["externalCredentials"]![0]!["principals"]![0]!["parameters"]!["Token"] = "a-guess";
        Assert.Equal(403, await StatusAsync(client, export));
    }

    [Theory]
    [InlineData("""{ "source": "nowhere", "secret": "x" }""", "unknown-reference")]
    [InlineData("""{ "source": "files" }""", "invalid-request")]
    [InlineData("""{ "source": "files", "secret": "a", "path": "x" }""", "invalid-request", ".path")]
    [InlineData("""{ "source": "files", "secret": "../a" }""", "invalid-request")]
    [InlineData("""[ "files" ]""", "invalid-request")]
    [InlineData(""" "\u0000vault-reference:{\"source\":\"files\",\"secret\":\"a\"}" """, "invalid-request")]
    public async Task Reference_ThatIsWrong_IsRefusedWithItsPlace(string reference, string code, string property = "")
    {
        foreach (var route in new[] { "diff", "apply" })
        {
            using var content = new StringContent(Document(reference), new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            using var answer = await _vault.AdminClient.PostAsync("/api/v1/definitions/" + route, content);
            var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal(code, (string?)problem["code"]);
            Assert.NotNull(problem["errors"]!["$.externalCredentials[0].principals[0].parameters.Token" + property]);
        }
    }

    private string Document(string token, string more = "") => $$"""
        { "externalCredentials": [ { "name": "Kept", "authentication": { "protocol": "bearer" }, "principals": [ { "name": "default", "parameters": { "Token": {{token}}{{more}} } } ] } ],
          "namedCredentials": [ { "name": "Kept", "url": "{{_service.Url}}", "externalCredential": "Kept" } ] }
        """;

    private async Task<JsonNode> SendAsync(string route, string token, string more = "") => (await _vault.AdminAsync(HttpMethod.Post, "/api/v1/definitions/" + route, Document(token, more)))!;

    private async Task<string[]> ChangesAsync(string route, string token) => Actions(await SendAsync(route, token));

    private static string[] Actions(JsonNode outcome) => [.. outcome["changes"]!.AsArray().Where(change => (string?)change!["kind"] == "credential").Select(change => (string)change!["action"]!)];

    private static async Task<int> StatusAsync(HttpClient client, JsonNode document)
    {
        using var content = new StringContent(document.ToJsonString(), new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var answer = await client.PostAsync("/api/v1/definitions/apply", content);
        return (int)answer.StatusCode;
    }
}
