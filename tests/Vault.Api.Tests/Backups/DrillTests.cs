using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Vault.Api.Tests.Audit;
using Vault.Api.Tests.VaultKeys;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Backups;

/// <summary>The drill of docs/operations.md, with real processes: back up under load, destroy, restore elsewhere, verify the audit, call out.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class DrillTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vault-drill-");

    private string Data => Path.Combine(_root.FullName, "data");

    private string Target => Path.Combine(_root.FullName, "elsewhere");

    private string MasterKey => Path.Combine(_root.FullName, "master.key");

    private string BackupFile => Path.Combine(_root.FullName, "vault.backup");

    private static string VaultProgram => "dotnet " + typeof(Program).Assembly.Location;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Drill_UnderLoad_LosesNothingThatWasBeforeIt()
    {
        await using var service = await RecordingUpstream.StartAsync();
        string key;
        var before = new List<string>();
        await using (var vault = await VaultProcess.StartAsync(Data, ("Vault:MasterKey:Path", MasterKey)))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            key = await DefineAsync(admin, service.Url, users: 3);
            using var app = vault.CreateClient(key);
            for (var called = 0; called < 20; called++)
            {
                before.Add(await CallAsync(app));
            }

            // Under load: callouts and changes go on and none fails.
            using var ending = new CancellationTokenSource();
            var failures = new ConcurrentBag<string>();
            var load = Enumerable.Range(0, 4).Select(caller => LoadAsync(vault, key, caller, failures, ending.Token)).ToArray();
            Assert.Equal(0, await RunAsync("backup", BackupFile, Data));
            await ending.CancelAsync();
            await Task.WhenAll(load);
            Assert.Empty(failures);
            await vault.KillAsync();
        }

        Directory.Delete(Data, recursive: true);
        Assert.Equal(0, await RunAsync("backup", "--verify", BackupFile, Target));
        Assert.Equal(0, await RunAsync("restore", BackupFile, Target));
        Assert.Equal(0, (await AuditBench.VerifyByCommandAsync(Target, MasterKey)).Code);
        await using var again = await VaultProcess.StartAsync(Target, ("Vault:MasterKey:Path", MasterKey));
        using var restored = again.CreateClient(key);
        await CallAsync(restored);
        Assert.Equal("Bearer the-token-of-the-service", service.Requests[^1].Header("Authorization"));
        using var client = again.CreateClient(VaultFactory.AdminKey);
        var export = AuditBench.Lines(await client.GetStringAsync("/api/v1/audit/export"));
        var ids = export.Select(record => record.GetProperty("id").GetString()).ToHashSet();
        Assert.All(before, id => Assert.Contains(id, ids));
        Assert.True((bool)(await VaultKeyBench.SendAsync(client, "POST", "audit/verify"))!["valid"]!);
        Assert.True((bool)(await VaultKeyBench.SendAsync(client, "POST", "keys/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Script_RestoresVerifiesAndCallsOut()
    {
        await using var service = await RecordingUpstream.StartAsync();
        string key;
        await using (var vault = await VaultProcess.StartAsync(Data, ("Vault:MasterKey:Path", MasterKey)))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            key = await DefineAsync(admin, service.Url, users: 1);
            Assert.Equal(0, await RunAsync("backup", BackupFile, Data));
            await vault.KillAsync();
        }

        Directory.Delete(Data, recursive: true);
        var (code, said) = await DrillAsync(VaultProgram, key, "Svc/after/the/drill");
        Assert.True(code == 0 && said.Contains("the drill went well", StringComparison.Ordinal), said);
        var called = Assert.Single(service.Requests);
        Assert.Equal(("/after/the/drill", "Bearer the-token-of-the-service"), (called.Target, called.Header("Authorization")));

        // What isn't well is no drill that went well: a callout that is refused, a backup that is damaged.
        (code, said) = await DrillAsync(VaultProgram, key, "Other");
        Assert.True(code != 0 && !said.Contains("went well", StringComparison.Ordinal), said);
        var bytes = await File.ReadAllBytesAsync(BackupFile);
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(BackupFile, bytes);
        (code, said) = await DrillAsync(VaultProgram, key, "Svc");
        Assert.True(code != 0 && !said.Contains("restored", StringComparison.Ordinal), said);
    }

    [Theory]
    [InlineData("backup --verify")]
    [InlineData("audit verify")]
    [InlineData("keys verify")]
    public async Task Script_ShowsTheVerdict_ThatEndsIt(string command)
    {
        await File.WriteAllTextAsync(BackupFile, "");
        await File.WriteAllTextAsync(MasterKey, "");
        var program = Path.Combine(_root.FullName, "vault.sh");
        await File.WriteAllTextAsync(program, $"echo '{{\"problem\":\"of '$1 $2'\"}}'; [[ \"$1 $2\" != '{command}' ]] || exit 2");
        var (code, said) = await DrillAsync("bash " + program);
        Assert.True(code == 2 && said.Contains($"{{\"problem\":\"of {command}\"}}", StringComparison.Ordinal), said);
        Assert.Single(said.Split("problem").Skip(1));
    }

    [Fact]
    public async Task Killed_InTheMiddle_LeavesNoBackup_AndNoHalfOfARestore()
    {
        await using (var vault = await VaultProcess.StartAsync(Data, ("Vault:MasterKey:Path", MasterKey)))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            await DefineAsync(admin, "https://service.example", users: 10);
            for (var attempt = 0; attempt < 3; attempt++)
            {
                await KillAsync(attempt, "backup", BackupFile, Data);
                Assert.True(!File.Exists(BackupFile) || await RunAsync("backup", "--verify", BackupFile, Data) == 0);
                File.Delete(BackupFile);
            }

            Assert.Equal(0, await RunAsync("backup", BackupFile, Data));
        }

        for (var attempt = 0; attempt < 4; attempt++)
        {
            await KillAsync(attempt, "restore", BackupFile, Target);
            if (Directory.Exists(Path.Combine(Target, "restoring")))
            {
                // No vault starts in a half of a restore.
                await Assert.ThrowsAsync<InvalidOperationException>(() => VaultProcess.StartAsync(Target, ("Vault:MasterKey:Path", MasterKey)));
            }
            else if (File.Exists(Path.Combine(Target, "vault.db")))
            {
                break;
            }
        }

        Assert.True(File.Exists(Path.Combine(Target, "vault.db")) && !Directory.Exists(Path.Combine(Target, "restoring")) || await RunAsync("restore", BackupFile, Target) == 0);
        await using var again = await VaultProcess.StartAsync(Target, ("Vault:MasterKey:Path", MasterKey));
        using var client = again.CreateClient(VaultFactory.AdminKey);
        Assert.True((bool)(await VaultKeyBench.SendAsync(client, "POST", "keys/verify"))!["valid"]!);
        Assert.True((bool)(await VaultKeyBench.SendAsync(client, "POST", "audit/verify"))!["valid"]!);
    }

    private async Task<(int Code, string Said)> DrillAsync(string program, params string[] callout)
    {
        var start = new ProcessStartInfo(RepositoryFiles.PathOf("drill.sh"), [BackupFile, MasterKey, .. callout])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["VAULT"] = program, ["ASPNETCORE_ENVIRONMENT"] = "Development" },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private static async Task<string> CallAsync(HttpClient app)
    {
        using var answer = await app.GetAsync("/callout/Svc");
        Assert.Equal(200, (int)answer.StatusCode);
        return answer.Headers.GetValues("X-Vault-Request-Id").Single();
    }

    private static async Task LoadAsync(VaultProcess vault, string key, int caller, ConcurrentBag<string> failures, CancellationToken ending)
    {
        using var app = vault.CreateClient(key);
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        for (var called = 0; !ending.IsCancellationRequested; called++)
        {
            using var answer = await app.GetAsync("/callout/Svc", CancellationToken.None);
            using var change = await admin.PatchAsync($"/api/v1/external-credentials/Many/principals/own/users/u{caller}/credential",
                new StringContent($$"""{ "parameters": { "P1": "changed-{{called}}" } }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), CancellationToken.None);
            if ((int)answer.StatusCode != 200 || (int)change.StatusCode != 204)
            {
                failures.Add($"{answer.StatusCode} {change.StatusCode}");
            }
        }
    }

    private static async Task<string> DefineAsync(HttpClient admin, string url, int users)
    {
        await VaultKeyBench.FillAsync(admin, "Many", users);
        await VaultKeyBench.SendAsync(admin, "POST", "named-credentials", $$"""{ "name": "Svc", "url": "{{url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-the-service" } }""");
        await VaultKeyBench.SendAsync(admin, "POST", "apps", """{ "name": "App" }""");
        await VaultKeyBench.SendAsync(admin, "PUT", "apps/App/grants/Svc", "{}");
        return (await VaultKeyBench.SendAsync(admin, "POST", "apps/App/keys", "{}"))!["key"]!.ToString();
    }

    // The last argument is the data directory.
    private Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments[..^1], "--Vault:DataDirectory", arguments[^1], "--Vault:MasterKey:Path", MasterKey])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private async Task<int> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0 || (await errors).StartsWith("vault: ", StringComparison.Ordinal), $"{await output} {await errors}");
        return process.ExitCode;
    }

    // At some moment once it has begun to write.
    private async Task KillAsync(int attempt, string command, string file, string directory)
    {
        using var process = Start([command, file, directory]);
        var sign = command == "backup" ? file + ".partial" : Path.Combine(directory, "restoring");
        var waited = Stopwatch.StartNew();
        while (!Path.Exists(sign) && !process.HasExited && waited.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Yield();
        }

        var until = waited.ElapsedMilliseconds + (attempt * 200) + RandomNumberGenerator.GetInt32(1, 200);
        while (waited.ElapsedMilliseconds < until && !process.HasExited)
        {
            await Task.Yield();
        }

        process.Kill();
        await process.WaitForExitAsync();
    }
}
