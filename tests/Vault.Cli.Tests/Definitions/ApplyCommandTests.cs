using System.Diagnostics;
using System.Text;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Definitions;

public sealed class ApplyCommandTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    private const string Secret = "Canary-Cli-Password-1";

    private static string Document(string name, string password = "${env:SERVICE_PASSWORD}") => $$"""
        externalCredentials:
          - name: {{name}}
            authentication: {protocol: password}
            principals:
              - name: default
                parameters: {Username: "${file:user.txt}", Password: "{{password}}"}
        namedCredentials:
          - {name: {{name}}, url: "https://service.example", externalCredential: {{name}} }
        apps:
          - name: {{name}}
            grants: [{namedCredential: {{name}} }]
        """;

    private CommandRun Run(string name, string password = "${env:SERVICE_PASSWORD}")
    {
        var run = new CommandRun(fixture.Vault);
        run.Variables["SERVICE_PASSWORD"] = Secret;
        run.Write("user.txt", "ann\n");
        run.Write("vault.yaml", Document(name, password));
        return run;
    }

    [Fact]
    public async Task Apply_Twice_ChangesNothingTheSecondTime()
    {
        using var run = Run("Twice");

        var first = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        var second = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

        Assert.Contains("+ external credential Twice", first.Output, StringComparison.Ordinal);
        Assert.Contains("+ grant Twice/Twice", first.Output, StringComparison.Ordinal);
        Assert.EndsWith("5 created, 0 changed, 0 unchanged\n", first.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.EndsWith("no changes\n", second.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, first.Output + first.Error + second.Output, StringComparison.Ordinal);
        Assert.Single(run.Questions);

        var status = await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/external-credentials/Twice/principals/default/credential");
        Assert.Equal("configured", (string?)status!["status"]);
    }

    [Theory]
    [InlineData("vault.yaml", "export")]
    [InlineData("vault.json", "export", "--json")]
    public async Task Apply_OfNumbersThatNoTypeHolds_LeavesThemAsTheyAre_AndSoDoesExport(string file, params string[] export)
    {
        await using var vault = new VaultFactory();
        using var run = new CommandRun(vault);
        const string Claims = "[1e-30, 1E+40, -0.0, 1.10, 18446744073709551616, 0.1234567890123456789012345678901234]";
        const string Exponents = "[1e1000, 1e-1000, 1e0400, -1E+2147483]";
        run.Write(file, $$"""
            { "externalCredentials": [ { "name": "Numbers", "authentication": { "protocol": "jwt", "algorithm": "HS256", "claims": { "n": {{Claims}}, "e": {{Exponents}} } }, "principals": [ { "name": "default" } ] } ] }
            """);
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", file);

        var exported = (await run.ExpectAsync(ExitCodes.Success, export)).Output;
        run.Write(file, exported);

        var dense = string.Concat(exported.Where(c => !char.IsWhiteSpace(c)));
        Assert.All([Claims, Exponents], claims => Assert.Contains(claims.Replace(" ", "", StringComparison.Ordinal), dense, StringComparison.Ordinal));
        Assert.EndsWith("no changes\n", (await run.ExpectAsync(ExitCodes.Success, "diff", "-f", file)).Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_AnotherSecret_ChangesThatAlone()
    {
        using var run = Run("Rotated");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        run.Variables["SERVICE_PASSWORD"] = "Canary-Cli-Password-2";

        var changed = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

        Assert.Contains("~ secrets of Rotated/default: Password", changed.Output, StringComparison.Ordinal);
        Assert.EndsWith("0 created, 1 changed, 4 unchanged\n", changed.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_NeedsNoSecrets_AndItsExitCodeSaysWhetherThereAreDifferences()
    {
        using var run = Run("Differing");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        run.Variables.Remove("SERVICE_PASSWORD");

        Assert.EndsWith("no changes\n", (await run.ExpectAsync(ExitCodes.Success, "diff", "-f", "vault.yaml")).Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        run.Write("vault.yaml", Document("Differing").Replace("service.example", "service.example/api", StringComparison.Ordinal));
        var differs = await run.ExpectAsync(ExitCodes.Differences, "diff", "-f", "vault.yaml");

        Assert.Contains("""url: "https://service.example" → "https://service.example/api""", differs.Output, StringComparison.Ordinal);
        var missing = await run.ExpectAsync(ExitCodes.Usage, "apply", "-f", "vault.yaml");
        Assert.Contains("vault.yaml:6:", missing.Error, StringComparison.Ordinal);
        Assert.Contains("The environment variable SERVICE_PASSWORD isn't set; it is to hold Differing/default Password.", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_SaysWhereSecretsComeFrom_AndWhereTheyGo()
    {
        using var run = Run("Leading");
        var first = (await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml")).Output;

        Assert.Contains("    Password: ${env:SERVICE_PASSWORD}", first, StringComparison.Ordinal);
        Assert.Contains("    Username: ${file:user.txt}", first, StringComparison.Ordinal);
        Assert.Contains("    url: \"https://service.example\"", first, StringComparison.Ordinal);
        Assert.Contains("    allowedHosts: [\"service.example\"]", first, StringComparison.Ordinal);

        // A host that is put in between shows as itself, however long the list; and nothing turns the direction of the text.
        var path = new string('x', 200);
        run.Write("vault.yaml", Document("Leading").Replace("principals:", "allowedHosts: [first.example, service.example]\n    label: \"a\\u202eb\"\n    principals:", StringComparison.Ordinal)
            .Replace("https://service.example", "https://service.example/" + path, StringComparison.Ordinal));
        var changed = (await run.ExpectAsync(ExitCodes.Differences, "diff", "-f", "vault.yaml", "--discard-secrets")).Output;
        Assert.Contains("    allowedHosts: + \"first.example\"", changed, StringComparison.Ordinal);
        Assert.Contains(path + "\"", changed, StringComparison.Ordinal);
        Assert.Contains("a·b", changed, StringComparison.Ordinal);
        Assert.Contains("- secrets of Leading/default: all of them", changed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_AReferenceThatReachesOut_IsRefused()
    {
        using var run = Run("Reaching");
        var outside = Directory.CreateTempSubdirectory("vault-cli-outside-");
        try
        {
            var secret = Path.Combine(outside.FullName, "secret.txt");
            await File.WriteAllTextAsync(secret, Secret);
            File.CreateSymbolicLink(Path.Combine(run.Directory, "link.txt"), secret);
            Directory.CreateSymbolicLink(Path.Combine(run.Directory, "folder"), outside.FullName);

            foreach (var source in new[] { secret, "link.txt", "folder/secret.txt", "../" + outside.Name + "/secret.txt" })
            {
                run.Write("vault.yaml", Document("Reaching", $"${{file:{source}}}"));
                var refused = await run.ExpectAsync(ExitCodes.Usage, "apply", "-f", "vault.yaml");
                Assert.Contains("outside the directory of the document", refused.Error, StringComparison.Ordinal);
            }

            await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml", "--allow-files", outside.FullName);
        }
        finally
        {
            outside.Delete(recursive: true);
        }

        run.Write("long.txt", new string('x', 70_000));
        run.Write("vault.yaml", Document("Reaching", "${file:long.txt}"));
        Assert.Contains("too long", (await run.ExpectAsync(ExitCodes.Usage, "apply", "-f", "vault.yaml")).Error, StringComparison.Ordinal);

        foreach (var variable in new[] { "VAULT_KEY", "VAULT_APP_KEY" })
        {
            run.Write("vault.yaml", Document("Reaching", $"${{env:{variable}}}"));
            Assert.Contains($"{variable} is a key to a vault", (await run.ExpectAsync(ExitCodes.Usage, "diff", "-f", "vault.yaml")).Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Apply_WhatTheVaultRefuses_IsToldOfTheLine_AndNothingIsChanged()
    {
        using var run = Run("Refused");
        run.Write("vault.yaml", Document("Refused").Replace("[{namedCredential: Refused }]", "[{namedCredential: Nowhere }]", StringComparison.Ordinal));

        var refused = await run.ExpectAsync(ExitCodes.Failure, "apply", "-f", "vault.yaml");

        Assert.Contains("vault.yaml:11:", refused.Error, StringComparison.Ordinal);
        Assert.Contains("There is no such named credential.", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", refused.Error, StringComparison.Ordinal);
        await run.ExpectAsync(ExitCodes.Failure, "show", "apps", "Refused");
    }

    [Fact]
    public async Task Operator_AppliesDefinitions_WithoutTheSecrets()
    {
        using var run = Run("Operated");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        run.Variables["VAULT_KEY"] = await fixture.Vault.CreateKeyAsync("operator");
        run.Variables.Remove("SERVICE_PASSWORD");
        run.Write("vault.yaml", Document("Operated").Replace("externalCredential: Operated }", "externalCredential: Operated, timeoutSeconds: 7}", StringComparison.Ordinal));

        run.Write("other.yaml", Document("OfAnAdmin"));

        var refused = await run.ExpectAsync(ExitCodes.NotAllowed, "diff", "-f", "vault.yaml");
        Assert.Contains("--without-secrets", refused.Error, StringComparison.Ordinal);
        Assert.Contains("vault.yaml:6:", refused.Error, StringComparison.Ordinal);
        var advised = await run.ExpectAsync(ExitCodes.NotAllowed, "diff", "-f", "other.yaml", "--without-secrets");
        Assert.Contains("A key of an admin may", advised.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--without-secrets", advised.Error, StringComparison.Ordinal);
        Assert.EndsWith(
            "0 created, 1 changed, 3 unchanged\n",
            (await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml", "--without-secrets")).Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_OfWhatSecretsWouldTravelBy_NamesTheOptionOfTheCommandLine()
    {
        using var run = Run("Travelling");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        run.Write("vault.yaml", "externalCredentials: [{name: Travelling, authentication: {protocol: password}, allowedHosts: [service.example, other.example]}]");

        var refused = await run.ExpectAsync(ExitCodes.Failure, "apply", "-f", "vault.yaml");

        Assert.Contains("--discard-secrets", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("discardSecrets", refused.Error, StringComparison.Ordinal);
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml", "--discard-secrets");
    }

    [Fact]
    public async Task Apply_APersonWhoSaysNo_ChangesNothing()
    {
        using var run = Run("Unwanted", "${prompt}");
        run.Confirms = false;
        await run.ExpectAsync(ExitCodes.Failure, "apply", "-f", "vault.yaml");
        await run.ExpectAsync(ExitCodes.Failure, "show", "apps", "Unwanted");

        run.Secrets.Enqueue("Canary-Cli-Password-3");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml", "--yes");
        Assert.Equal(["Apply this to " + run.Variables["VAULT_URL"] + "?", "Unwanted/default Password"], run.Questions);
    }

    [Fact]
    public async Task Apply_FromAPipe_AsksNobody()
    {
        using var run = Run("Piped");
        run.Input = Document("Piped");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "-");
        run.Input = Document("Piped", "${prompt}");
        Assert.Contains("nobody can be asked", (await run.ExpectAsync(ExitCodes.Usage, "apply", "-f", "-")).Error, StringComparison.Ordinal);
        Assert.Empty(run.Questions);
    }

    [Fact]
    public async Task Export_AppliedAgain_ChangesNothing()
    {
        using var run = Run("Exported");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

        await run.ExpectAsync(ExitCodes.Success, "export", "-o", "all.yaml");
        var text = await File.ReadAllTextAsync(Path.Combine(run.Directory, "all.yaml"));
        var again = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "all.yaml");
        var references = await run.ExpectAsync(ExitCodes.Success, "export", "--references");

        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.Equal("no changes", again.Output.Trim());
        Assert.Contains("Password: ${env:EXPORTED__DEFAULT__PASSWORD}", references.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_AThousandDefinitions_TakesSeconds()
    {
        using var run = new CommandRun(fixture.Vault);
        var yaml = new StringBuilder("externalCredentials:\n");
        for (var number = 0; number < 500; number++)
        {
            yaml.Append("  - {name: Bulk").Append(number).Append(", authentication: {protocol: bearer}, principals: [{name: default, parameters: {Token: \"${env:TOKEN}\"}}]}\n");
        }

        yaml.Append("namedCredentials:\n");
        for (var number = 0; number < 500; number++)
        {
            yaml.Append("  - {name: Bulk").Append(number).Append(", url: \"https://bulk.example\", externalCredential: Bulk").Append(number).Append("}\n");
        }

        run.Write("vault.yaml", yaml.ToString());
        run.Variables["TOKEN"] = "Canary-Bulk-Token-1";
        var watch = Stopwatch.StartNew();
        var first = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml", "--yes");
        var took = watch.Elapsed;

        Assert.EndsWith("1500 created, 0 changed, 0 unchanged\n", first.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);

        // Alone on two cores it takes two or three seconds (docs/cli.md); here others run beside it, and every statement is logged.
        Assert.True(took < TimeSpan.FromSeconds(90), $"It took {took}.");
        Assert.EndsWith("no changes\n", (await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml")).Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_WhatSomebodyElseChangesMeanwhile_IsPlannedAndAskedAnew()
    {
        using var run = Run("Meanwhile");
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
        run.Questions.Clear();
        run.Write("vault.yaml", Document("Meanwhile").Replace("service.example", "service.example/api", StringComparison.Ordinal));

        // Once, and something that this plan is about: the person sees the new plan, and is asked again.
        run.WhileAsked = () =>
        {
            run.WhileAsked = null;
            Change("named-credentials/Meanwhile", """{ "url": "https://service.example/other", "externalCredential": "Meanwhile" }""");
        };
        var again = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

        Assert.Equal(2, run.Questions.Count);
        Assert.Contains("compared anew", again.Error, StringComparison.Ordinal);
        Assert.Contains("""url: "https://service.example/other" → "https://service.example/api""", again.Output, StringComparison.Ordinal);

        // Something else: the plan is the same, and was agreed to.
        run.Questions.Clear();
        run.Write("vault.yaml", Document("Meanwhile"));
        run.WhileAsked = () => Change("apps/Elsewhere", "{}");
        var same = await run.RunAsync("apply", "-f", "vault.yaml");
        Assert.Single(run.Questions);
        Assert.Contains("compared anew", same.Error, StringComparison.Ordinal);

        // A person who says no to the second plan has changed nothing.
        run.Questions.Clear();
        run.Write("vault.yaml", Document("Meanwhile").Replace("service.example", "service.example/third", StringComparison.Ordinal));
        run.WhileAsked = () =>
        {
            run.Confirms = run.Questions.Count < 2;
            Change("named-credentials/Meanwhile", $$"""{ "url": "https://service.example/{{run.Questions.Count}}", "externalCredential": "Meanwhile" }""");
        };
        await run.ExpectAsync(ExitCodes.Failure, "apply", "-f", "vault.yaml");
        Assert.Equal("https://service.example/2", (string?)(await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials/Meanwhile"))!["url"]);
    }

    [Fact]
    public async Task Apply_AVaultThatChangesAllTheTime_IsGivenUpAfterAWhile()
    {
        using var run = Run("Restless");

        // An app of the document is there already, each time with another label.
        run.WhileAsked = () => Change("apps/Restless", $$"""{ "label": "{{run.Questions.Count}}" }""");
        var refused = await run.ExpectAsync(ExitCodes.Failure, "apply", "-f", "vault.yaml");

        Assert.Contains("changed by others 5 times", refused.Error, StringComparison.Ordinal);
        await run.ExpectAsync(ExitCodes.Failure, "show", "external-credentials", "Restless");
    }

    [Fact]
    public async Task Apply_ASecretThatIsKeptElsewhere_IsComparedLikeADefinition_AndExported()
    {
        var files = Directory.CreateTempSubdirectory("vault-cli-source-");
        try
        {
            await using var vault = new Vault.Testing.VaultFactory(new Dictionary<string, string?>
            {
                ["Vault:SecretSources:files:Type"] = "file",
                ["Vault:SecretSources:files:Directory"] = files.FullName,
            });
            using var run = new CommandRun(vault);
            run.Write("user.txt", "ann\n");
            run.Write("vault.yaml", Document("Kept", "X").Replace("\"X\"", "{source: files, secret: a}", StringComparison.Ordinal));

            var first = await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");
            Assert.Contains("""    Password: {"source":"files","secret":"a"}""", first.Output, StringComparison.Ordinal);
            run.Write("user.txt", "");
            Assert.Contains("? secrets of Kept/default: Username (", (await run.ExpectAsync(ExitCodes.Success, "diff", "-f", "vault.yaml")).Output, StringComparison.Ordinal);

            run.Write("vault.yaml", Document("Kept", "X").Replace("\"X\"", "{source: files, secret: b}", StringComparison.Ordinal).Replace("Username: \"${file:user.txt}\", ", "", StringComparison.Ordinal));
            var differs = await run.ExpectAsync(ExitCodes.Differences, "diff", "-f", "vault.yaml");
            Assert.Contains("~ secrets of Kept/default: Password", differs.Output, StringComparison.Ordinal);
            Assert.Contains("""    Password: {"source":"files","secret":"a"} → {"source":"files","secret":"b"}""", differs.Output, StringComparison.Ordinal);
            await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

            await run.ExpectAsync(ExitCodes.Success, "export", "--references", "-o", "all.yaml");
            var text = await File.ReadAllTextAsync(Path.Combine(run.Directory, "all.yaml"));
            Assert.Contains("secret: b", text, StringComparison.Ordinal);
            Assert.Contains("Username: ${env:KEPT__DEFAULT__USERNAME}", text, StringComparison.Ordinal);
            await run.ExpectAsync(ExitCodes.Success, "export", "-o", "plain.yaml");
            Assert.Equal("no changes", (await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "plain.yaml")).Output.Trim());

            run.Write("vault.yaml", Document("Kept", "X").Replace("\"X\"", "{source: nowhere, secret: b}", StringComparison.Ordinal));
            var refused = await run.ExpectAsync(ExitCodes.Failure, "diff", "-f", "vault.yaml");
            Assert.Contains("vault.yaml:6:", refused.Error, StringComparison.Ordinal);
            Assert.Contains("There is no secret source nowhere", refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            files.Delete(recursive: true);
        }
    }

    // Synchronously: what asks a person waits for it.
    private void Change(string path, string json)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = fixture.Vault.AdminClient.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/" + path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Vault-Key", Vault.Testing.VaultFactory.AdminKey);
        using var answer = client.Send(request);
        Assert.True(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
    }

    [Fact]
    public async Task EverySetting_ThatTheSchemaKnows_IsOneThatTheVaultKnows()
    {
        foreach (var protocol in new[] { "none", "password", "bearer", "apiKey", "custom", "login", "oauth2", "jwt", "awsSigV4", "oauth1", "digest" })
        {
            var settings = Cli.Documents.AuthenticationSchema.Of(protocol)!.Where(name => name != "protocol").Select(name => $"\"{name}\": 1");
            using var request = new StringContent($$"""
                { "externalCredentials": [ { "name": "Settings", "authentication": { {{string.Join(", ", settings.Prepend($"\"protocol\": \"{protocol}\""))}} } } ] }
                """, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            using var answer = await fixture.Vault.AdminClient.PostAsync("/api/v1/definitions/diff", request);
            Assert.DoesNotContain("Unknown", await answer.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        }
    }
}
