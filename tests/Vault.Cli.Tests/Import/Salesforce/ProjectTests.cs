using System.IO.Compression;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Vault.Cli.Documents;
using Vault.Cli.Import;
using Vault.Cli.Import.Salesforce;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>A whole project: credentials of all protocols, legacy and new, and what can't come over.</summary>
public sealed class ProjectTests
{
    [Theory]
    [InlineData("vault.yaml")]
    [InlineData("report.txt")]
    public async Task Import_AProject_GivesWhatIsApproved(string approved)
    {
        using var run = new ImportRun();

        await run.RunAsync(ImportRun.Project, "--app", "Crm");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        ImportRun.Approve("tests/Vault.Cli.Tests/Import/Salesforce/Approved/" + approved, approved == "vault.yaml" ? run.Yaml : run.Output);
    }

    [Fact]
    public async Task Import_AZipOfTheProject_GivesTheSame()
    {
        using var run = new ImportRun();
        ZipFile.CreateFromDirectory(ImportRun.Project, Path.Combine(run.Directory, "project.zip"));
        await run.RunAsync(ImportRun.Project);
        var (yaml, output) = (run.Yaml, run.Output);

        await run.RunAsync("project.zip", "--force");

        Assert.Equal((yaml, output), (run.Yaml, run.Output));
    }

    [Fact]
    public async Task Import_ToTheStandardOutput_GivesDefinitionsThereAndTheReportElsewhere()
    {
        using var run = new ImportRun();

        await run.RunAsync(ImportRun.Project, "-o", "-");

        Assert.StartsWith("externalCredentials:\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("15 named credentials and 14 external credentials imported", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(run.Directory, "vault.yaml")));
    }

    [Theory]
    [InlineData("k7Q2mZ9xT4vB8nL3")]
    [InlineData("not-a-placeholder-but-a-secret")]
    public async Task Import_ASecretInAFile_IsNeverCopied(string secret)
    {
        using var run = new ImportRun();

        await run.RunAsync(ImportRun.Project);

        Assert.DoesNotContain(secret, run.Yaml + run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_TheProject_GivesDefinitionsThatAVaultTakes()
    {
        using var vault = new VaultFactory();
        var document = SalesforceImport.Run(ImportRun.Project, new ImportOptions()).Document;

        await ApplyAsync(vault, document);

        var items = (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials?pageSize=100"))!["items"]!.AsArray();
        Assert.Equal(document.NamedCredentials!.Select(credential => credential.Name).Order(), items.Select(item => item!["name"]!.GetValue<string>()).Order());
    }

    [Fact]
    public async Task Import_WithApply_LeavesNothingToChangeAndTheCommandsOfTheReportSetEverySecret()
    {
        using var vault = new VaultFactory();
        using var run = new ImportRun(vault);

        await run.RunAsync(ImportRun.Project, "--app", "Crm", "--apply");
        Assert.True(run.ExitCode == 0, run.Error);
        var commands = run.Output.Split('\n').Where(line => line.StartsWith("  vault credential set ", StringComparison.Ordinal)).Select(line => line.Split("   #")[0].Split(" < ")[0].Trim()).ToArray();
        await run.CommandAsync("", "diff", "-f", "vault.yaml");
        Assert.Equal((0, "no changes"), (run.ExitCode, run.Output.Trim()));

        Assert.Equal(37, commands.Length);
        foreach (var command in commands)
        {
            await run.CommandAsync("a value", [.. command.Replace("<user>", "ada@example.com", StringComparison.Ordinal).Split(' ').Skip(1)]);
            Assert.True(run.ExitCode == 0, command + ": " + run.Error);
        }

        var externals = (await vault.AdminAsync(HttpMethod.Get, "/api/v1/external-credentials?pageSize=100"))!["items"]!.AsArray();
        Assert.Equal(14, externals.Count);

        // Whose consent is missing, the report says, too.
        Assert.All(
            externals.Where(external => external!["authentication"]!["grant"]?.ToString() != "authorizationCode").SelectMany(external => external!["principals"]!.AsArray().Select(principal => (Name: external["name"]!.ToString(), Principal: principal!))),
            item => Assert.True(item.Principal["type"]!.ToString() == "perUser" || item.Principal["status"]!.ToString() == "configured", item.Name + ": " + item.Principal));
    }

    [Fact]
    public async Task Import_HeadersWithFormulas_ArriveAsSalesforceWouldSendThem()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var vault = new VaultFactory();
        using var run = new ImportRun();
        foreach (var (folder, file) in new[] { ("externalCredentials", "Shop.externalCredential-meta.xml"), ("namedCredentials", "acme__Shop.namedCredential-meta.xml") })
        {
            var text = await File.ReadAllTextAsync(Path.Combine(ImportRun.Project, "force-app", "main", "default", folder, file));
            var start = text.IndexOf("    <namedCredentialParameters>\n        <certificate>", StringComparison.Ordinal);
            var end = start < 0 ? 0 : text.IndexOf("</namedCredentialParameters>", start, StringComparison.Ordinal) + "</namedCredentialParameters>".Length;
            run.Write(file, (start < 0 ? text : text.Remove(start, end - start)).Replace("https://shop.example/api/", upstream.Url + "/api/", StringComparison.Ordinal));
        }

        var result = SalesforceImport.Run(run.Directory, new ImportOptions(AllowHttp: true));
        await ApplyAsync(vault, result.Document);
        var parameters = new JsonObject(result.Report.Secrets.Select(secret => KeyValuePair.Create(secret.Parameter, (JsonNode?)("value of " + secret.Parameter))));
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Shop/principals/Shop_Backend/credential", new JsonObject { ["parameters"] = parameters }.ToJsonString());
        var key = await vault.CreateAppAsync("Crm");
        await vault.GrantAsync("Crm", "acme_Shop", "Shop_Backend");
        using var client = vault.CreateClient(key);

        using var answer = await client.PostAsync("/callout/acme_Shop/orders", new StringContent("an order"));

        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var request = Assert.Single(upstream.Requests);
        Assert.Equal("/api/orders", request.Target);
        Assert.Equal("value of ClientId", request.Header("X-Client"));
        Assert.Equal("value of acme_Shop_Header_X_Api_Key", request.Header("X-Api-Key"));
        Assert.Equal("value of Organization_Id", request.Header("X-Org"));
        Assert.Equal("Basic " + Convert.ToBase64String("value of ClientId:value of Secret"u8), request.Header("X-Basic"));
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData("value of Secret"u8, "an order"u8)), request.Header("X-Signature"));
        Assert.InRange(long.Parse(request.Header("X-Sent-At")!, System.Globalization.CultureInfo.InvariantCulture), 1_700_000_000, 5_000_000_000);
    }

    [Theory]
    [InlineData("{!'Bearer ' & $Credential.OpenAI.ApiKey}", "Bearer the value")]
    [InlineData("{!('key=' & $Credential.OpenAI.ApiKey & ';')}", "key=the value;")]
    [InlineData("{!'application/json'}", "application/json")]
    public async Task Import_AFormulaThatBeginsWithAString_ArrivesAsSalesforceWouldSendIt(string formula, string sent)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var vault = new VaultFactory();
        using var run = new ImportRun();
        run.Write("app/OpenAI.externalCredential", Metadata.External("Custom", Metadata.Principal("Main"), Metadata.Parameter("AuthHeader", "X-Sent", formula)));
        run.Write("app/OpenAI.namedCredential", Metadata.Named("OpenAI", upstream.Url));
        await ApplyAsync(vault, SalesforceImport.Run(Path.Combine(run.Directory, "app"), new ImportOptions(AllowHttp: true)).Document);
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/OpenAI/principals/Main/credential", """{ "parameters": { "ApiKey": "the value" } }""");
        var key = await vault.CreateAppAsync("Crm");
        await vault.GrantAsync("Crm", "OpenAI", "Main");
        using var client = vault.CreateClient(key);

        using var answer = await client.GetAsync("/callout/OpenAI/models");

        Assert.Equal(sent, Assert.Single(upstream.Requests).Header("X-Sent"));
    }

    internal static async Task ApplyAsync(VaultFactory vault, DefinitionsDocument document)
    {
        var json = System.Text.Json.JsonSerializer.SerializeToNode(document, DefinitionsYaml.Json)!;
        foreach (var (list, route) in new[] { ("externalCredentials", "external-credentials"), ("namedCredentials", "named-credentials") })
        {
            foreach (var definition in json[list]!.AsArray())
            {
                using var answer = await vault.AdminClient.PostAsJsonAsync("/api/v1/" + route, definition);
                Assert.True(answer.IsSuccessStatusCode, $"{definition!["name"]}: {await answer.Content.ReadAsStringAsync()}");
            }
        }
    }
}
