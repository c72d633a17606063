using System.Text.Json.Nodes;
using CsCheck;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Import.Postman;

/// <summary>Collections of both versions, and what is wrong with some. No secret of theirs is ever written.</summary>
public sealed class PostmanImportTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    private const string Here = "tests/Vault.Cli.Tests/Import/Postman/";

    [Theory]
    [InlineData("orders.json", "orders.environment.json")]
    [InlineData("helpers.json", null)]
    public async Task Import_ACollection_GivesWhatIsApproved_AndAVaultTakesIt(string collection, string? environment)
    {
        using var run = new ImportRun(fixture.Vault, "postman");
        var args = environment is null ? Array.Empty<string>() : ["-e", run.Copy(Here + "Collections/" + environment)];

        await run.RunAsync([run.Copy(Here + "Collections/" + collection), .. args]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.DoesNotContain("canary", run.Output + run.Yaml, StringComparison.OrdinalIgnoreCase);
        ImportRun.Approve(Here + $"Approved/{collection}.txt", run.Output);
        ImportRun.Approve(Here + $"Approved/{collection}.vault.yaml", run.Yaml);
        await run.CommandAsync("", "apply", "-f", "vault.yaml");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Import_WithoutItsEnvironment_SaysWhichVariablesAreMissing()
    {
        using var run = new ImportRun(system: "postman");

        await run.RunAsync(run.Copy(Here + "Collections/orders.json"));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Machine: accessTokenUrl names a variable that has no value", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", run.Output + run.Yaml, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("""{ "type": "bearer", "bearer": [{ "key": "token", "value": "canary-token" }] }""", "[]", "api_key,sig-secret", "api_key,sig-secret")]
    [InlineData("""{ "type": "noauth" }""", "[]", "api_key,app_secret", "app_secret")]
    [InlineData("""{ "type": "noauth" }""", """[{ "key": "X-Api-Key", "value": "canary-header" }]""", "key", "key")]
    [InlineData("""{ "type": "noauth" }""", """[{ "key": "Authorization", "value": "Bearer canary-header" }]""", "access_token", "access_token")]
    [InlineData("""{ "type": "apikey", "apikey": [{ "key": "in", "value": "query" }, { "key": "key", "value": "api_key" }, { "key": "value", "value": "canary-key" }] }""", "[]", "api_key", "")]
    public async Task Import_CredentialsInTheQuery_ThatNothingTakesThePlaceOf_AreTold(string auth, string headers, string query, string lost)
    {
        var names = query.Split(',');
        var raw = "https://h.example/x?" + string.Join('&', names.Select(name => $"{name}=canary-1"));
        var asObject = $$"""{ "raw": "{{raw}}", "query": [{{string.Join(',', names.Select(name => $$"""{ "key": "{{name}}", "value": "canary-1" }"""))}}] }""";
        foreach (var url in new[] { $"\"{raw}\"", asObject, $$"""{ "raw": "{{raw}}" }""" })
        {
            using var run = new ImportRun(system: "postman");
            run.Write("a.json", $$"""{ "info": { "name": "T" }, "item": [{ "name": "R", "request": { "auth": {{auth}}, "header": {{headers}}, "url": {{url}} } }] }""");

            await run.RunAsync("a.json");

            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            var told = run.Output.Split("Secrets that stand in files:")[1].Split("\n\n")[0];
            Assert.All(names, name => Assert.Contains($"query{(told.Contains("(query " + name, StringComparison.Ordinal) ? "" : " parameter")} {name}", told, StringComparison.Ordinal));
            Assert.Equal(lost, string.Join(',', names.Where(name => run.Output.Contains($"The query parameter {name} looks like a credential and did not come over", StringComparison.Ordinal))));
            Assert.DoesNotContain("canary", run.Output + run.Yaml, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("accessTokenUrl", "https://id.example/t/0f1e2d3c4b5a69788796a5b4c3d2e1f0/token", "may be a secret stands in the path of its URL, and came over with it", "tokenUrl: https://id.example/t/0f1e2d3c4b5a69788796a5b4c3d2e1f0/token\n")]
    [InlineData("accessTokenUrl", "https://id.example/8f14e45f-ceea-467f-a0e6-5a1d2c3b4a5f/token", null, "tokenUrl: https://id.example/8f14e45f-ceea-467f-a0e6-5a1d2c3b4a5f/token\n")]
    [InlineData("accessTokenUrl", "https://id.example/token?code=canary0f1e2d3c4b5a69788796", "credential set T TokenUrl_code", "tokenParameters:\n        code: '{!$Credential.TokenUrl_code}'")]
    [InlineData("authUrl", "https://id.example/ask?api_key=canary0f1e2d3c4b5a69788796", "credential set T AuthorizeUrl_api_key", "authorizationParameters:\n        api_key: '{!$Credential.AuthorizeUrl_api_key}'")]
    public async Task Import_ASecretInTheUrlOfATokenEndpoint_IsToldAsInOtherImports(string name, string url, string? told, string definition)
    {
        using var run = new ImportRun(fixture.Vault, "postman");
        var grant = name == "authUrl" ? "authorization_code" : "client_credentials";
        run.Write("a.json", $$"""
            { "info": { "name": "T" }, "item": [{ "name": "R", "request": { "auth": { "type": "oauth2", "oauth2": [
                { "key": "grant_type", "value": "{{grant}}" }, { "key": "{{name}}", "value": "{{url}}" }, { "key": "accessTokenUrl", "value": "https://id.example/token" }
              ] }, "url": "https://h.example/x" } }] }
            """);

        await run.RunAsync("a.json");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(definition, run.Yaml, StringComparison.Ordinal);
        Assert.Contains(told ?? "", run.Output, StringComparison.Ordinal);
        Assert.Equal(told?.Contains("path", StringComparison.Ordinal) is true, run.Output.Contains("in the path of its URL", StringComparison.Ordinal));
        Assert.DoesNotContain("canary", run.Output + run.Yaml, StringComparison.Ordinal);
        await run.CommandAsync("", "apply", "-f", "vault.yaml");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("""{ "url": "https://hooks.example/services/T0123456789/B0123456789/canary123456ghiJKL789012" }""", "in its path")]
    [InlineData("""{ "url": { "raw": "https://h.example/x?sig=canary4b5a69788796a5", "query": [{ "key": "sig", "value": "canary4b5a69788796a5" }] } }""", "as sig")]
    [InlineData("""{ "url": { "raw": "https://h.example/x?api_key=canary1&page=1", "query": [{ "key": "page", "value": "1" }] } }""", "as api_key")]
    [InlineData("""{ "url": { "raw": "https://h.example/x", "query": [{ "key": "api_key", "value": "canary", "disabled": true }] } }""", "as api_key")]
    [InlineData("""{ "url": { "protocol": "https", "host": ["h", "example"], "path": ["x", "canary123456ghiJKL789012"], "hash": "token=canary1" } }""", "in its path", "behind the #")]
    [InlineData("""{ "url": "https://h.example/x#token=canary1" }""", "behind the #")]
    [InlineData("""{ "url": "https://ann:canary@h.example/x" }""", "in front of the host")]
    [InlineData("""{ "auth": { "type": "hawk", "hawk": [{ "key": "authKey", "value": "canary" }, { "key": "algorithm", "value": "sha256" }] }, "url": "https://h.example/x" }""", "as authKey")]
    [InlineData("""{ "auth": { "type": "ntlm", "ntlm": { "username": "canary", "password": "{{pw}}" } }, "url": "https://h.example/x" }""", "as username", "as password")]
    [InlineData("""{ "auth": { "type": "oauth2", "oauth2": [{ "key": "accessTokenUrl", "value": "https://u:canary@id.example/x" }, { "key": "clientSecret", "value": "canary" }] }, "url": "https://h.example/x" }""", "in front of the host", "as clientSecret")]
    [InlineData("""{ "auth": { "type": "oauth2", "oauth2": [{ "key": "grant_type", "value": "implicit" }, { "key": "authUrl", "value": "https://id.example/x?api_key=canary1" }, { "key": "tokenName", "value": "My Token 1" }] }, "url": "https://h.example/x" }""", "as api_key")]
    [InlineData("""{ "auth": { "type": "apikey", "apikey": [{ "key": "key", "value": "X-Key-1" }, { "key": "in", "value": "cookie" }, { "key": "value", "value": "canary" }] }, "url": "https://h.example/x" }""", "as value")]
    [InlineData("""{ "auth": { "type": "basic", "basic": [{ "key": "password", "value": "canary" }] }, "header": [{ "key": "X-Api-Key", "value": "canary" }, { "key": "Accept", "value": "text/html" }], "url": "ftp://h.example/x" }""", "as password", "as X-Api-Key")]
    [InlineData("""{ "auth": { "type": "awsv4", "awsv4": [{ "key": "region", "value": "canary123456ghiJKL789012" }] }, "url": "https://h.example/x" }""", "as region")]
    [InlineData("""{ "url": "https://h.example/x", "body": { "mode": "urlencoded", "urlencoded": [{ "key": "password", "value": "canary" }] } }""", "as password")]
    public async Task Import_ASecretThatNothingComesOverOf_IsToldOnce(string request, params string[] told)
    {
        using var run = new ImportRun(system: "postman");
        run.Write("a.json", $$"""{ "info": { "name": "T" }, "variable": [{ "key": "pw", "value": "canary" }, { "key": "base", "value": "https://b.example/v1" }], "item": [{ "name": "R", "request": {{request}} }] }""");

        await run.RunAsync("a.json");

        Assert.True(run.ExitCode is 0 or 1, run.Error);
        var lines = run.Output.Split("Secrets that stand in files:")[1].Split("\n\n")[0];
        Assert.All(told, where => Assert.Single(lines.Split('\n'), line => line.Contains(where + "; it wasn't copied", StringComparison.Ordinal)));
        Assert.DoesNotContain("canary", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "a.json:1:1: Is no collection of Postman's")]
    [InlineData("""{ "requests": [], "order": [] }""", "Is a collection of version 1; export it as Collection v2.1.")]
    [InlineData("[]", "Must be one object")]
    [InlineData("""{ "info": {}, "item": """, "Is not well-formed JSON")]
    [InlineData("""{ "info": {}, "item": "canary-not-a-list" }""", "Is no collection of Postman's")]
    [InlineData("""{ "info": {}, "item": [ "\ud800" ] }""", "not Unicode")]
    public async Task Import_WhatIsNoCollection_IsRefusedWithThePlace(string text, string sentence)
    {
        using var run = new ImportRun(system: "postman");
        run.Write("a.json", text);

        await run.RunAsync("a.json");

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_HostileCollections_EndInASentence()
    {
        using var run = new ImportRun(system: "postman");
        run.Write("deep.json", string.Concat(Enumerable.Repeat("""{"info":{},"item":[""", 5_000)));
        await run.RunAsync("deep.json");
        Assert.Contains("nested more than", run.Error, StringComparison.Ordinal);

        // Variables that name each other, and ones that grow without end.
        run.Write("loop.json", """
            { "info": { "name": "L" }, "variable": [ { "key": "a", "value": "{{b}}" }, { "key": "b", "value": "{{a}}" }, { "key": "c", "value": "{{c}}{{c}}{{c}}{{c}}{{c}}{{c}}{{c}}{{c}}" } ],
              "item": [ { "name": "A", "request": "{{a}}/x" }, { "name": "C", "request": "{{c}}/x" }, { "name": "D", "request": "{{$guid}}/x" }, { "name": "E", "request": "{{/x" } ] }
            """);
        await run.RunAsync("loop.json");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("The variable a has no value", run.Output, StringComparison.Ordinal);

        run.Write("environment.json", "{}");
        await run.RunAsync("loop.json", "-e", "environment.json");
        Assert.Contains("Is no environment of Postman's", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_ChangedAnywhere_NeverFailsUnforeseen_NorTellsASecret()
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf(Here + "Collections/orders.json"));
        var nodes = JsonNode.Parse(text)!;
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 6]).Sample(
            (place, kind) =>
            {
                var changed = nodes.DeepClone();
                Change(changed, ref place, kind);
                using var run = new ImportRun(system: "postman");
                run.Write("a.json", changed.ToJsonString());
                run.RunAsync("a.json").GetAwaiter().GetResult();
                Assert.True(run.ExitCode is 0 or 1 or 2, run.Error);
                Assert.DoesNotContain("canary", run.Output + run.Error, StringComparison.OrdinalIgnoreCase);
            },
            iter: 300, threads: 1);
    }

    // Replaces the node at a place, counted in depth, by something of another kind.
    private static void Change(JsonNode node, ref int place, int kind)
    {
        if (node is JsonObject mapping)
        {
            foreach (var name in mapping.Select(pair => pair.Key).ToArray())
            {
                if (place-- == 0)
                {
                    mapping[name] = Other(kind);
                    return;
                }

                if (mapping[name] is { } child)
                {
                    Change(child, ref place, kind);
                }
            }
        }
        else if (node is JsonArray list)
        {
            for (var index = 0; index < list.Count; index++)
            {
                if (place-- == 0)
                {
                    list[index] = Other(kind);
                    return;
                }

                if (list[index] is { } child)
                {
                    Change(child, ref place, kind);
                }
            }
        }
    }

    private static JsonNode? Other(int kind) => kind switch
    {
        0 => null,
        1 => 7,
        2 => true,
        3 => new JsonArray(new JsonArray(), "x"),
        4 => new JsonObject { ["key"] = new JsonObject() },
        5 => "",
        _ => "{{x}}\u001b{!$Credential.A}",
    };
}
