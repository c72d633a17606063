using Xunit;

namespace Vault.Cli.Tests.Import.OpenApi;

/// <summary>OpenAPI documents of all versions, and what is wrong with some.</summary>
public sealed class OpenApiImportTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    private const string Here = "tests/Vault.Cli.Tests/Import/OpenApi/";

    [Theory]
    [InlineData("shop.yaml", "--app", "Orders")]
    [InlineData("pets.json")]
    [InlineData("tracker.yaml", "--url", "https://tracker.example/api", "--name", "Issues")]
    public async Task Import_ADocument_GivesWhatIsApproved_AndAVaultTakesIt(string document, params string[] args)
    {
        using var run = new ImportRun(fixture.Vault, "openapi");

        await run.RunAsync([run.Copy(Here + "Documents/" + document), .. args]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        ImportRun.Approve(Here + $"Approved/{document}.txt", run.Output);
        ImportRun.Approve(Here + $"Approved/{document}.vault.yaml", run.Yaml);
        await run.CommandAsync("", "apply", "-f", "vault.yaml");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("{}", ":1:1: Is no OpenAPI document")]
    [InlineData("[]", ":1:1: Must be one object")]
    [InlineData("", ":1:1: Must be one object")]
    [InlineData("a: 1\n---\nb: 2", "There is a second document in it.")]
    [InlineData("swagger: '1.2'", ":1:10: The version 1.2 of OpenAPI isn't known here")]
    [InlineData("openapi: 4.0.0", "The version 4.0.0 of OpenAPI isn't known here")]
    [InlineData("{ \"openapi\": \"3.0.0\",\n  \"info\": { ]", ":2:13: Is not well-formed JSON from here on.")]
    [InlineData("{ \"openapi\": \"3.0.0\", \"openapi\": \"3.0.0\" }", ":1:23: openapi stands here twice.")]
    [InlineData("{ \"openapi\": \"3.0.0\" } {}", "Is not well-formed JSON")]
    [InlineData("openapi: 3.0.0\ninfo: [", "Is not well-formed YAML")]
    [InlineData("info: {title: T, version: 1\npaths: {}", ":1:25: Is not well-formed YAML")]
    public async Task Import_WhatIsNoDocument_IsRefusedWithThePlace(string text, string sentence)
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("api", text);

        await run.RunAsync("api");

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("api" + (sentence[0] == ':' ? sentence : ""), run.Error, StringComparison.Ordinal);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("servers: 5")]
    [InlineData("servers: [5, {url: }, {url: []}, {url: 'https://h.example', variables: [x]}]")]
    [InlineData("security: {a: []}")]
    [InlineData("security: [[], 5, {a: 5}, {a: [[]]}]")]
    [InlineData("paths: []")]
    [InlineData("paths: {/a: 5, /b: {get: []}, /c: {get: {security: 7, servers: x}}, '': {}}")]
    [InlineData("components: {securitySchemes: [a]}")]
    [InlineData("components: {securitySchemes: {a: 5, b: {}, c: {type: telepathy}, d: {type: apiKey}, e: {type: http}, f: {type: oauth2}, g: {type: oauth2, flows: []}, h: {type: oauth2, flows: {clientCredentials: {tokenUrl: ':::'}}}}}")]
    [InlineData("components: {securitySchemes: {a: {$ref: '#/components/securitySchemes/a'}, b: {$ref: [x]}}}")]
    [InlineData("components: {securitySchemes: {a: {type: apiKey, in: header, name: \"X\\r\\nY: 1\"}, b: {type: apiKey, in: header, name: Host}, \"c\\u001b[31m\": {type: apiKey, in: body, name: x}}}")]
    [InlineData("info: {title: \"{!$Credential.X}\\u202e\"}")]
    [InlineData("servers: [{url: 'https://u:geheim@h.example'}, {url: 'file:///etc/passwd'}, {url: 'https://{x}.example'}, {url: 'https://h.example/..'}, {url: '//h.example'}]")]
    public async Task Import_OddShapes_AreReported_AndNothingElseHappens(string yaml)
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("api.yaml", "openapi: 3.1.0\n" + yaml);

        await run.RunAsync("api.yaml", "--url", "https://begin.example");

        Assert.True(run.ExitCode is 0 or 1, run.Error);
        Assert.DoesNotContain("geheim", run.Output + run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.DoesNotContain('\u202e', run.Output + run.Error);
    }

    [Theory]
    [InlineData("clientCredentials: {tokenUrl: 'https://id.example/token?api_key=SECRET&tenant=a', refreshUrl: 'https://id.example/refresh?sig_key=SECRET'}",
        "tokenUrl: https://id.example/token?tenant=a\n      tokenParameters:\n        api_key: '{!$Credential.TokenUrl_api_key}'", "as api_key", "as sig_key", "credential set T TokenUrl_api_key")]
    [InlineData("clientCredentials: {tokenUrl: '/token?api_key=SECRET'}", "tokenUrl: https://begin.example/token\n", "as api_key", "credential set T TokenUrl_api_key")]
    [InlineData("clientCredentials: {tokenUrl: 'https://id.example/token?api_key=SECRET&API_KEY=SECRET2&api-key=SECRET&api_key=SECRET4'}",
        "api_key: '{!$Credential.TokenUrl_api_key}'\n        API_KEY: '{!$Credential.TokenUrl_API_KEY_2}'\n        api-key: '{!$Credential.TokenUrl_api_key_3}'\n    allowedHosts",
        "as API_KEY; it wasn't copied.", "as api_key; it wasn't copied. Take it out of the repository, and out of its history. It stands there more than once", "credential set T TokenUrl_api_key ", "credential set T TokenUrl_API_KEY_2 ", "credential set T TokenUrl_api_key_3 ", "5 values to enter")]
    [InlineData("authorizationCode: {tokenUrl: 'https://id.example/token?client_secret=SECRET', authorizationUrl: 'https://id.example/ask?api_key=SECRET'}",
        "authorizationUrl: https://id.example/ask\n      authorizationParameters:\n        api_key: '{!$Credential.AuthorizeUrl_api_key}'\n      tokenUrl: https://id.example/token\n",
        "as api_key", "as client_secret", "credential set T AuthorizeUrl_api_key")]
    [InlineData("deviceAuthorization: {tokenUrl: 'https://id.example/token', deviceAuthorizationUrl: 'https://id.example/device?api_key=SECRET'}, implicit: {authorizationUrl: 'https://id.example/ask?sig_key=SECRET'}",
        "deviceAuthorizationUrl: https://id.example/device\n", "as api_key", "as sig_key", "Nothing takes its place")]
    [InlineData("clientCredentials: {tokenUrl: 'https://id.example/token?client_secret=correcthorse'}", "tokenUrl: https://id.example/token\n", "as client_secret")]
    [InlineData("clientCredentials: {tokenUrl: 'http://id.example/token?api_key=SECRET'}", null, "as api_key", "Its tokenUrl can't come over: It is http")]
    [InlineData("implicit: {authorizationUrl: 'https://id.example/ask?api_key=SECRET'}", null, "as api_key")]
    public async Task Import_ASecretInAUrlOfAFlow_IsTold_AndNeverCopied(string flows, string? definition, params string[] told)
    {
        const string Secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
        using var run = new ImportRun(fixture.Vault, "openapi");
        run.Write("api.yaml", """
            openapi: 3.2.0
            info: {title: T, version: '1'}
            servers: [{url: 'https://begin.example'}]
            security: [{a: []}]
            paths: {/x: {get: {responses: {}}}}
            components: {securitySchemes: {a: {type: oauth2, flows: {@FLOWS@}}}}
            """.Replace("@FLOWS@", flows.Replace("SECRET", Secret, StringComparison.Ordinal), StringComparison.Ordinal));

        await run.RunAsync("api.yaml");

        Assert.All(told, one => Assert.Contains(one, run.Output, StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, run.Output + run.Error, StringComparison.Ordinal);
        if (definition is not null)
        {
            Assert.Contains(definition, run.Yaml, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, run.Yaml, StringComparison.Ordinal);
            await run.CommandAsync("", "apply", "-f", "vault.yaml");
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
        }
    }

    [Theory]
    [InlineData("https://id.example/.well-known/x?api_key=0f1e2d3c4b5a69788796a5b4c3d2e1f0", "(https://id.example/.well-known/x)", "as api_key")]
    [InlineData("https://admin:0f1e2d3c@id.example/t/0f1e2d3c4b5a69788796a5b4c3d2e1f0/x#token=0f1e2d3c", "(https://id.example)", "in front of the host", "in its path", "behind the #")]
    [InlineData("https://id.example/8f14e45f-ceea-467f-a0e6-5a1d2c3b4a5f/v2.0", "(https://id.example/8f14e45f-ceea-467f-a0e6-5a1d2c3b4a5f/v2.0)")]
    public async Task Import_ASecretInTheUrlOfOpenIdConnect_IsNeverShown_AndTold(string url, string shown, params string[] told)
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("api.yaml", """
            openapi: 3.1.0
            servers: [{url: 'https://begin.example'}]
            security: [{a: []}]
            paths: {/x: {get: {responses: {}}}}
            components: {securitySchemes: {a: {type: openIdConnect, openIdConnectUrl: '@'}}}
            """.Replace("@", url, StringComparison.Ordinal));

        await run.RunAsync("api.yaml");

        Assert.Contains(shown, run.Output, StringComparison.Ordinal);
        var lines = run.Output.Split('\n').Where(line => line.Contains("What looks like a secret stands in the URL", StringComparison.Ordinal));
        Assert.Equal(told, lines.Select(line => line.Split(", ", 2)[1].Split(';')[0]));
        Assert.DoesNotContain("0f1e2d3c", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://id.example/t/0f1e2d3c4b5a69788796a5b4c3d2e1f0/token", true)]
    [InlineData("https://login.microsoftonline.com/8f14e45f-ceea-467f-a0e6-5a1d2c3b4a5f/oauth2/v2.0/token", false)]
    public async Task Import_ASecretInThePathOfATokenUrl_IsCopied_AndTold_AndATenantIsNone(string url, bool told)
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("api.yaml", """
            openapi: 3.1.0
            servers: [{url: 'https://begin.example'}]
            security: [{a: []}]
            paths: {/x: {get: {responses: {}}}}
            components: {securitySchemes: {a: {type: oauth2, flows: {clientCredentials: {tokenUrl: '@'}}}}}
            """.Replace("@", url, StringComparison.Ordinal));

        await run.RunAsync("api.yaml");

        Assert.Contains($"tokenUrl: {url}\n", run.Yaml, StringComparison.Ordinal);
        Assert.Equal(told, run.Output.Contains("may be a secret stands in the path of its URL, and came over with it", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("components: {securitySchemes: {u: {type: oauth2, flows: {password: {tokenUrl: 'https://id.example/t?api_key=SECRET'}}}}}", "as api_key")]
    [InlineData("servers: [{url: 'https://ann:SECRET@h.example'}]", "in front of the host")]
    public async Task Import_ASecretInAUrlThatDoesntComeOver_IsTold(string yaml, string told)
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("api.yaml", "openapi: 3.1.0\n" + (yaml.StartsWith("servers", StringComparison.Ordinal) ? "" : "servers: [{url: 'https://h.example'}]\npaths: {/x: {get: {security: []}}}\n")
            + yaml.Replace("SECRET", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", StringComparison.Ordinal));

        await run.RunAsync("api.yaml");

        Assert.Contains(told + "; it wasn't copied", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("0f1e2d3c", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_WhatIsTooMuch_EndsInASentence()
    {
        using var run = new ImportRun(system: "openapi");
        run.Write("deep.json", "{\"openapi\":\"3.0.0\",\"x\":" + string.Concat(Enumerable.Repeat("[", 50_000)));
        await run.RunAsync("deep.json");
        Assert.Contains("nested more than", run.Error, StringComparison.Ordinal);

        run.Write("deep.yaml", "openapi: 3.0.0\nx: " + string.Concat(Enumerable.Repeat("[", 50_000)));
        await run.RunAsync("deep.yaml");
        Assert.Contains("nested too deeply", run.Error, StringComparison.Ordinal);

        run.Write("bomb.yaml", "openapi: 3.0.0\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 8).Select(level => $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 10))}]\n")));
        await run.RunAsync("bomb.yaml");
        Assert.Contains("too much of it", run.Error, StringComparison.Ordinal);

        using (var huge = File.Create(Path.Combine(run.Directory, "huge.json")))
        {
            huge.SetLength(65L * 1024 * 1024);
        }

        await run.RunAsync("huge.json");
        Assert.Contains("over 64 MiB", run.Error, StringComparison.Ordinal);

        // Many servers and many schemes: some come over, and it is said that the others don't.
        var servers = string.Join(',', Enumerable.Range(0, 100).Select(number => $$"""{"url":"https://h{{number}}.example"}"""));
        var schemes = string.Join(',', Enumerable.Range(0, 100).Select(number => $$"""
            "s{{number}}":{"type":"http","scheme":"basic"}
            """));
        run.Write("many.json", $$"""{ "openapi": "3.0.0", "servers": [{{servers}}], "components": { "securitySchemes": { {{schemes}} } } }""");
        await run.RunAsync("many.json");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("more than 200 servers and ways to sign in", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AMissingFile_ADirectory_AndABadUrl_AreToldInASentence()
    {
        using var run = new ImportRun(system: "openapi");
        await run.RunAsync("none.yaml");
        Assert.Equal("vault: There is no file none.yaml.\n", run.Error.ReplaceLineEndings("\n"));
        await run.RunAsync(".");
        Assert.Contains("is a directory", run.Error, StringComparison.Ordinal);
        run.Write("api.yaml", "openapi: 3.0.0");
        await run.RunAsync("api.yaml", "--url", "begin.example");
        Assert.Contains("--url is no absolute URL", run.Error, StringComparison.Ordinal);
        await run.RunAsync("api.yaml");
        Assert.Contains("Its URL is relative; --url says where it begins.", run.Output, StringComparison.Ordinal);
    }
}
