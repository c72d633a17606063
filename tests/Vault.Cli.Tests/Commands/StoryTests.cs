using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Commands;

/// <summary>The commands one after the other, against a real vault and a real service behind it.</summary>
public sealed class StoryTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    private const string Secret = "Canary-Story-Password-1";

    [Fact]
    public async Task FromAFileToACallout()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var run = new CommandRun(fixture.Vault);
        run.Write("vault.yaml", $$"""
            externalCredentials:
              - name: Story
                authentication: {protocol: password}
            namedCredentials:
              - {name: Story, label: "Story\e[31m", url: "{{upstream.Url}}/api", externalCredential: Story}
            apps:
              - name: Story
                grants: [{namedCredential: Story}]
            """);
        await run.ExpectAsync(ExitCodes.Success, "apply", "-f", "vault.yaml");

        // The secret comes from a prompt, then from a pipe.
        run.Secrets.Enqueue("ann");
        await run.ExpectAsync(ExitCodes.Success, "credential", "set", "Story", "Username");
        run.Input = Secret + "\n";
        await run.ExpectAsync(ExitCodes.Success, "credential", "set", "Story", "Password");
        run.Input = null;
        var shown = await run.ExpectAsync(ExitCodes.Success, "credential", "show", "Story");
        Assert.Contains("Story/default: configured", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Password", shown.Output, StringComparison.Ordinal);

        // What is there, as a table and as JSON; what others wrote can't steer the terminal.
        Assert.Contains("Story (", (await run.ExpectAsync(ExitCodes.Success, "list", "external-credentials")).Output.Replace("default (", "Story (", StringComparison.Ordinal), StringComparison.Ordinal);
        var list = JsonNode.Parse((await run.ExpectAsync(ExitCodes.Success, "list", "named-credentials", "--search", "story", "--json")).Output)!.AsArray();
        Assert.Equal("Story", (string?)list.Single()!["name"]);
        Assert.Contains("externalCredential: Story", (await run.ExpectAsync(ExitCodes.Success, "show", "named-credentials", "Story")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", (await run.ExpectAsync(ExitCodes.Success, "show", "named-credentials", "Story")).Output, StringComparison.Ordinal);

        // What would be sent, and what happens.
        var preview = await run.ExpectAsync(ExitCodes.Success, "preview", "Story", "/record?id=7", "-H", "Accept: text/plain");
        Assert.Contains($"GET {upstream.Url}/api/record?id=7", preview.Output, StringComparison.Ordinal);
        Assert.Contains("••••••", preview.Output, StringComparison.Ordinal);
        Assert.Contains("It works: 200", (await run.ExpectAsync(ExitCodes.Success, "test", "Story", "/record")).Output, StringComparison.Ordinal);

        // An app calls.
        Assert.Contains("VAULT_APP_KEY", await CallWithoutKeyAsync(), StringComparison.Ordinal);
        run.Variables["VAULT_APP_KEY"] = (await run.ExpectAsync(ExitCodes.Success, "app-key", "create", "Story")).Output.Trim();
        run.Write("body.json", """{"a":1}""");
        var call = await run.ExpectAsync(ExitCodes.Success, "call", "Story", "/a%2Fb?x=1", "-X", "PUT", "-d", "@body.json", "-H", "X-Mine: 1", "-i");
        Assert.StartsWith("HTTP/1.1 200 OK", call.Output, StringComparison.Ordinal);
        Assert.EndsWith("ok", call.Output, StringComparison.Ordinal);
        var sent = upstream.Requests[^1];
        Assert.Equal(("PUT", "/api/a%2Fb?x=1", """{"a":1}""", "1"), (sent.Method, sent.Target, sent.Text, sent.Header("X-Mine")));
        Assert.StartsWith("Basic ", sent.Header("Authorization"), StringComparison.Ordinal);

        upstream.Answer = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("none");
        };
        Assert.Equal("none", (await run.ExpectAsync(ExitCodes.Success, "call", "Story", "/none")).Output);
        await run.ExpectAsync(ExitCodes.Failure, "call", "Story", "/none", "--fail");
        Assert.Contains("vault: ", (await run.ExpectAsync(ExitCodes.NotAllowed, "call", "Nothing")).Error, StringComparison.Ordinal);

        // Neither a body without content nor a path without one is a mistake; an admin's key is.
        upstream.Answer = (context, _) => context.Response.WriteAsync("ok");
        Assert.Equal("ok", (await run.ExpectAsync(ExitCodes.Success, "call", "Story", "", "-d", "", "-H", "X-Mine: a\tb")).Output);
        Assert.Equal(("POST", "/api", "", "a\tb"), (upstream.Requests[^1].Method, upstream.Requests[^1].Target, upstream.Requests[^1].Text, upstream.Requests[^1].Header("X-Mine")));
        run.Variables.Remove("VAULT_APP_KEY");
        Assert.Contains("an admin's key can't call out", (await run.ExpectAsync(ExitCodes.NotAllowed, "call", "Story")).Error, StringComparison.Ordinal);

        Assert.Contains("Story/default has no Passwrd; nothing was removed.", (await run.ExpectAsync(ExitCodes.Failure, "credential", "remove", "Story", "Passwrd")).Error, StringComparison.Ordinal);
        await run.ExpectAsync(ExitCodes.Failure, "credential", "remove", "Stori");
        await run.ExpectAsync(ExitCodes.Success, "credential", "remove", "Story", "password");
        await run.ExpectAsync(ExitCodes.Failure, "credential", "remove", "Story", "Password");
        Assert.Contains("not configured", (await run.ExpectAsync(ExitCodes.Success, "credential", "show", "Story")).Output, StringComparison.Ordinal);
        Assert.Contains("It failed at", (await run.ExpectAsync(ExitCodes.Failure, "test", "Story")).Error, StringComparison.Ordinal);
        await run.ExpectAsync(ExitCodes.Success, "credential", "remove", "Story");
        Assert.Contains("has no secret values", (await run.ExpectAsync(ExitCodes.Failure, "credential", "remove", "Story")).Error, StringComparison.Ordinal);

        async Task<string> CallWithoutKeyAsync()
        {
            using var nobody = new CommandRun(fixture.Vault, key: null);
            return (await nobody.ExpectAsync(ExitCodes.Usage, "call", "Story")).Error;
        }
    }

    [Fact]
    public async Task KeysAndAudit()
    {
        await using var vault = new VaultFactory();
        using var run = new CommandRun(vault);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """{ "name": "Kept", "authentication": { "protocol": "bearer" } }""");
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Kept/principals/default/credential", $$"""{ "parameters": { "Token": "{{Secret}}" } }""");

        var before = JsonNode.Parse((await run.ExpectAsync(ExitCodes.Success, "keys", "list", "--json")).Output)!.AsArray().Count;
        Assert.Contains("vault keys rewrap", (await run.ExpectAsync(ExitCodes.Success, "keys", "rotate")).Output, StringComparison.Ordinal);
        Assert.Equal(before + 1, JsonNode.Parse((await run.ExpectAsync(ExitCodes.Success, "keys", "list", "--json")).Output)!.AsArray().Count);
        Assert.Contains("values are under the active vault key", (await run.ExpectAsync(ExitCodes.Success, "keys", "rewrap")).Output, StringComparison.Ordinal);
        Assert.Contains("\"valid\": true", (await run.ExpectAsync(ExitCodes.Success, "keys", "verify")).Output, StringComparison.Ordinal);

        var tail = (await run.ExpectAsync(ExitCodes.Success, "audit", "tail", "-n", "3", "--actor", "bootstrap", "--outcome", "success")).Output.Trim().Split('\n');
        Assert.Equal(3, tail.Length);
        Assert.Contains("key.verified", tail[^1], StringComparison.Ordinal);
        Assert.Contains("all as the vault wrote them", (await run.ExpectAsync(ExitCodes.Success, "audit", "verify")).Output, StringComparison.Ordinal);
        var exported = (await run.ExpectAsync(ExitCodes.Success, "audit", "export")).Output.Trim().Split('\n');
        Assert.True(exported.Length > 5);
        Assert.DoesNotContain(Secret, string.Concat(exported), StringComparison.Ordinal);

        // An auditor reads, and is told what they may not do.
        using var auditor = new CommandRun(vault, await vault.CreateKeyAsync("auditor"));
        await auditor.ExpectAsync(ExitCodes.Success, "export");
        Assert.Contains(
            "doesn't allow it. Set VAULT_KEY to a key that may, as an admin's does, or, where VAULT_KEY isn't set, run `vault login` with one.",
            (await auditor.ExpectAsync(ExitCodes.NotAllowed, "keys", "rotate")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_KnowsCommandsAndNames()
    {
        using var run = new CommandRun(fixture.Vault);
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "CompletedApp" }""");
        foreach (var shell in new[] { "bash", "zsh", "fish", "pwsh" })
        {
            Assert.Contains("[suggest:", (await run.ExpectAsync(ExitCodes.Success, "completion", shell)).Output, StringComparison.Ordinal);
        }

        Assert.Contains("named-credentials", (await run.ExpectAsync(ExitCodes.Success, "[suggest:11]", "vault list ")).Output, StringComparison.Ordinal);
        Assert.Contains("CompletedApp", (await run.ExpectAsync(ExitCodes.Success, "[suggest:20]", "vault show apps Comp")).Output, StringComparison.Ordinal);

        // Without a vault there are no names, and no error either.
        run.Variables["VAULT_URL"] = "http://localhost:1";
        Assert.DoesNotContain("Completed", (await run.ExpectAsync(ExitCodes.Success, "[suggest:20]", "vault show apps Comp")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AsAProcess_ItSaysWhatItIs_AndReadsFromAPipe()
    {
        using var run = new CommandRun(fixture.Vault);
        var start = new ProcessStartInfo("dotnet", [typeof(VaultCommandLine).Assembly.Location, "apply", "-f", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = run.Directory,
        };
        start.Environment["VAULT_URL"] = run.Variables["VAULT_URL"];
        start.Environment["VAULT_KEY"] = VaultFactory.AdminKey;
        start.Environment["XDG_CONFIG_HOME"] = run.Directory;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync("apps: [{name: FromAPipe}]");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, output + await error);
        Assert.EndsWith("1 created, 0 changed, 0 unchanged\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
