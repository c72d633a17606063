using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Hosting;
using Vault.Api.Tests.Audit;
using Vault.Api.Tests.VaultKeys;
using Vault.Core.Secrets;
using Vault.Core.Storage.Backups;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Backups;

/// <summary>Backup and restore by the commands, in this process.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class BackupTests : IDisposable
{
    private const string Secret = "Canary-Backup-Token-1";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vault-backup-");

    private string Data => Path.Combine(_root.FullName, "data");

    private string Target => Path.Combine(_root.FullName, "target");

    private string BackupFile => Path.Combine(_root.FullName, "vault.backup");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Backup_OfARunningVault_IsRestored_WithEverything()
    {
        string export, key;
        await using (var vault = await DefineAsync())
        {
            key = await vault.CreateAppAsync("App", "Svc");
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/rotate");
            var (code, report) = await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
            Assert.Equal(0, code);
            Assert.True((int)report!["rows"]!["secrets"]! == 1 && (int)report["rows"]!["audit"]! > 4, report.ToJsonString());
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(BackupFile));
            export = await vault.AdminClient.GetStringAsync("/api/v1/audit/export");
            Assert.Equal(0, (await RunAsync(BackupCommand.VerifyAsync, BackupFile, Data)).Code);
            Assert.Equal(2, (await RunAsync(BackupCommand.WriteAsync, BackupFile, Data)).Code);
        }

        // The master key may lie in the directory already, and nothing else.
        CopyMasterKey();
        var (restoredCode, restored) = await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target);
        Assert.True(restoredCode == 0 && (bool)restored!["keys"]!["valid"]! && (bool)restored["audit"]!["valid"]!, restored?.ToJsonString());
        Assert.Equal(["audit-checkpoints.jsonl", "audit-head.json", "master.key", "vault-db.file.lock", "vault.db", "vault.lock"], Directory.EnumerateFileSystemEntries(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(0, (await AuditBench.VerifyByCommandAsync(Target)).Code);

        await using var service = await RecordingUpstream.StartAsync();
        await using var again = new VaultFactory(dataDirectory: Target);
        await again.AdminClient.GetAsync("/healthz/live");
        Assert.Equal("wal", await JournalModeAsync());
        var recorded = (await again.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=vault.restored"))!["items"]!.AsArray();
        Assert.StartsWith("backup of ", (string?)Assert.Single(recorded)!["target"], StringComparison.Ordinal);
        var began = (await again.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=audit.started"))!["items"]!.AsArray();
        Assert.All(began, start => Assert.Equal("success", (string?)start!["outcome"]));
        Assert.StartsWith(export[..export.LastIndexOf("key.rotated", StringComparison.Ordinal)], await again.AdminClient.GetStringAsync("/api/v1/audit/export"), StringComparison.Ordinal);
        await again.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Here", "url": "{{service.Url}}", "authentication": { "protocol": "bearer", "token": "a-token-set-after" } }""");
        await again.GrantAsync("App", "Here");
        using var app = again.CreateClient(key);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Here")).StatusCode);
        Assert.True((bool)(await again.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify"))!["valid"]!);
        Assert.True((bool)(await again.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Backup_HoldsNothingInTheClear()
    {
        await using var vault = await DefineAsync();
        await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        var bytes = await File.ReadAllBytesAsync(BackupFile);
        var text = Encoding.Latin1.GetString(bytes);
        SecretForms.AssertAbsent(text, "a backup", [Secret]);
        var masterKey = (await File.ReadAllTextAsync(Path.Combine(Data, "master.key"))).Trim();
        Assert.DoesNotContain(masterKey, text, StringComparison.Ordinal);
        Assert.Equal(-1, bytes.AsSpan().IndexOf(Convert.FromBase64String(masterKey)));
        Assert.DoesNotContain("service.example", text, StringComparison.Ordinal);
        Assert.DoesNotContain("bootstrap", text, StringComparison.Ordinal);
        Assert.NotEqual(bytes, await AgainAsync());

        async Task<byte[]> AgainAsync()
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile + "2", Data);
            return await File.ReadAllBytesAsync(BackupFile + "2");
        }
    }

    [Fact]
    public async Task Backup_WithAnyByteFlipped_OrCutAnywhere_IsRefused()
    {
        await using var vault = await DefineAsync();
        await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        var bytes = await File.ReadAllBytesAsync(BackupFile);
        var backup = vault.Services.GetRequiredService<VaultBackup>();
        Assert.NotEmpty((await backup.VerifyAsync(BackupFile, CancellationToken.None)).Rows);
        var bad = BackupFile + ".bad";
        for (var at = 0; at < bytes.Length; at++)
        {
            await RefusedAsync([.. bytes[..at], (byte)(bytes[at] ^ (1 << (at % 8))), .. bytes[(at + 1)..]], $"byte {at}");
        }

        for (var length = 0; length < bytes.Length; length += 101)
        {
            await RefusedAsync(bytes[..length], $"cut to {length}");
        }

        await RefusedAsync([.. bytes, 0], "one byte more");

        // And by the command: damaged, not put in place.
        await File.WriteAllBytesAsync(bad, [.. bytes[..^40], .. new byte[40]]);
        Assert.Equal(1, (await RunAsync(BackupCommand.VerifyAsync, bad, Data)).Code);
        CopyMasterKey();
        Assert.Equal(2, (await RunAsync(BackupCommand.RestoreAsync, bad, Target)).Code);
        Assert.Equal(["master.key", "vault-db.file.lock", "vault.lock"], Directory.EnumerateFileSystemEntries(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        async Task RefusedAsync(byte[] changed, string what)
        {
            await File.WriteAllBytesAsync(bad, changed);
            try
            {
                await backup.VerifyAsync(bad, CancellationToken.None);
            }
            catch (Exception exception) when (exception is BackupDamagedException or VaultStartException)
            {
                return;
            }

            Assert.Fail($"A backup with {what} is taken.");
        }
    }

    [Fact]
    public async Task OtherMasterKey_OpensNothing()
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        string[] other = ["--Vault:MasterKey:Provider", "environment", "--Vault:MasterKey:Value", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))];
        await using var errors = new StringWriter();
        Assert.Equal(2, await BackupCommand.VerifyAsync(BackupFile, other, TextWriter.Null, errors));
        Assert.Equal(2, await BackupCommand.RestoreAsync(BackupFile, ["--Vault:DataDirectory", Target, .. other], TextWriter.Null, errors));
        Assert.Equal(2, errors.ToString().Split("is not the one that the backup was made with").Length - 1);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public async Task NoMasterKey_OpensNothing_AndIsToldApartFromAnother()
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        await using var errors = new StringWriter();
        Assert.Equal(2, await BackupCommand.VerifyAsync(BackupFile, ["--Vault:DataDirectory", Target], TextWriter.Null, errors));
        Assert.Contains("There is no master key where the provider 'file' looks for it", errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("is not the one", errors.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restore_IntoAFreshVolume_TakesItForEmpty(bool isOfTheFileSystem)
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        CopyMasterKey();
        var found = Path.Combine(Target, "lost+found");
        if (isOfTheFileSystem)
        {
            Directory.CreateDirectory(found);
        }
        else
        {
            await File.WriteAllTextAsync(found, "mine");
        }

        Assert.Equal(isOfTheFileSystem ? 0 : 2, (await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target)).Code);
        Assert.Equal(isOfTheFileSystem, Directory.Exists(found));
    }

    [Fact]
    public async Task Restore_IntoWhatIsNotEmpty_IsRefused_AndChangesNothing()
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        var before = Directory.EnumerateFiles(Data).ToDictionary(file => file, File.GetLastWriteTimeUtc);
        Assert.Equal(2, (await RunAsync(BackupCommand.RestoreAsync, BackupFile, Data)).Code);
        Assert.Equal(before.Keys.Order(), Directory.EnumerateFiles(Data).Order());
        Assert.All(before.Where(file => !file.Key.EndsWith(".lock", StringComparison.Ordinal)), file => Assert.Equal(file.Value, File.GetLastWriteTimeUtc(file.Key)));
        CopyMasterKey();
        await File.WriteAllTextAsync(Path.Combine(Target, "notes.txt"), "mine");
        Assert.Equal(2, (await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target)).Code);
        Assert.Equal(["master.key", "notes.txt", "vault-db.file.lock", "vault.lock"], Directory.EnumerateFileSystemEntries(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(2, (await RunAsync(BackupCommand.WriteAsync, BackupFile + "3", Target)).Code);
    }

    [Fact]
    public async Task WhatWasDamagedBefore_IsRestoredAsItIs_AndTold()
    {
        await using (await DefineAsync())
        {
        }

        await AuditBench.ExecuteAsync(Data, """UPDATE secrets SET "Sealed" = substr("Sealed", 1, 100) || x'0102' || substr("Sealed", 103)""");
        Assert.Equal(0, (await RunAsync(BackupCommand.WriteAsync, BackupFile, Data)).Code);
        CopyMasterKey();
        var (code, restored) = await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target);
        Assert.Equal((1, true, 1), (code, (bool)restored!["restored"]!, (int)restored["keys"]!["failed"]!));
        Assert.Equal(1, (await VaultKeyBench.VerifyByCommandAsync(Target)).Code);
    }

    [Fact]
    public async Task Restore_ThatEndedInTheMiddle_DeletesNoDatabaseButItsOwn()
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        // Left by a restore that was killed; the settings name somebody else's database now.
        CopyMasterKey();
        var others = Path.Combine(_root.FullName, "others.db");
        await File.WriteAllTextAsync(others, "somebody's data");
        foreach (var left in new[] { null, Path.Combine(Target, "vault.db") })
        {
            Directory.CreateDirectory(Path.Combine(Target, "restoring"));
            if (left is not null)
            {
                await File.WriteAllTextAsync(Path.Combine(Target, "restoring", "database"), left);
            }

            await using var errors = new StringWriter();
            string[] args = ["--Vault:DataDirectory", Target, "--ConnectionStrings:Vault", "Data Source=" + others];
            Assert.Equal(2, await BackupCommand.RestoreAsync(BackupFile, args, TextWriter.Null, errors));
            Assert.Equal("somebody's data", await File.ReadAllTextAsync(others));
            Assert.Contains(others, errors.ToString(), StringComparison.Ordinal);
        }

        // With its own settings it begins anew; but not for a file that is no backup, which deletes nothing.
        await File.WriteAllTextAsync(Path.Combine(Target, "vault.db"), "half");
        await File.WriteAllTextAsync(BackupFile + ".none", "no backup");
        Assert.Equal(2, (await RunAsync(BackupCommand.RestoreAsync, BackupFile + ".none", Target)).Code);
        Assert.Equal("half", await File.ReadAllTextAsync(Path.Combine(Target, "vault.db")));
        Assert.Equal(0, (await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target)).Code);
        Assert.False(Directory.Exists(Path.Combine(Target, "restoring")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Audit_ThatWasCut_StaysCut_ThroughBackupAndRestore(bool withoutMark)
    {
        await using (await DefineAsync())
        {
        }

        if (withoutMark)
        {
            File.Delete(Path.Combine(Data, "audit-head.json"));
        }

        // Nor may the checkpoints say where the end was.
        await AuditBench.ExecuteAsync(Data, "DELETE FROM audit WHERE \"Sequence\" > (SELECT MAX(\"Sequence\") - 2 FROM audit)");
        var checkpoints = Path.Combine(Data, "audit-checkpoints.jsonl");
        await File.WriteAllLinesAsync(checkpoints, (await File.ReadAllLinesAsync(checkpoints))[..^1]);
        var (code, report) = await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        Assert.Equal(1, code);
        Assert.NotNull((string?)report!["auditProblem"]);
        var (verifiedCode, verified) = await RunAsync(BackupCommand.VerifyAsync, BackupFile, Data);
        Assert.Equal((1, (string?)report["auditProblem"]), (verifiedCode, (string?)verified!["auditProblem"]));
        CopyMasterKey();
        var (restoredCode, restored) = await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target);
        Assert.Equal((1, false), (restoredCode, (bool)restored!["audit"]!["valid"]!));
        Assert.NotEqual(0, (await AuditBench.VerifyByCommandAsync(Target)).Code);

        // And for good: the start that follows records it.
        await using (var again = new VaultFactory(dataDirectory: Target))
        {
            var began = (await again.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=audit.started&outcome=failed"))!["items"]!.AsArray();
            Assert.Single(began);
        }
    }

    [Fact]
    public async Task Checkpoints_ThatWereLost_AreNoFreshStart_ByBackupAndRestore()
    {
        await using (await DefineAsync())
        {
        }

        // What a start then signs begins in the middle of the log.
        Directory.GetFiles(Data, "audit-*").ToList().ForEach(File.Delete);
        await using (var again = new VaultFactory(dataDirectory: Data))
        {
            await again.AdminAsync(HttpMethod.Put, "/api/v1/apps/Later", "{}");
        }

        await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        CopyMasterKey();
        var (code, restored) = await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target);
        Assert.Equal((1, "checkpoints"), (code, (string?)restored!["audit"]!["fault"]));
        Assert.Equal("checkpoints", (string?)(await AuditBench.VerifyByCommandAsync(Target)).Verdict!["fault"]);
    }

    [Fact]
    public async Task Restored_Files_AreForTheirOwnerAlone()
    {
        await using (await DefineAsync())
        {
            await RunAsync(BackupCommand.WriteAsync, BackupFile, Data);
        }

        CopyMasterKey();
        await RunAsync(BackupCommand.RestoreAsync, BackupFile, Target);
        Assert.All(["audit-checkpoints.jsonl", "audit-head.json"], file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Target, file))));
    }

    [Fact]
    public async Task Backup_WritesThroughNoLink_AndRemovesOnlyItsOwn()
    {
        await using var vault = await DefineAsync();
        var victim = Path.Combine(_root.FullName, "victim");
        await File.WriteAllTextAsync(victim, "mine");
        File.CreateSymbolicLink(BackupFile + ".partial", victim);
        Assert.Equal(0, (await RunAsync(BackupCommand.WriteAsync, BackupFile, Data)).Code);
        Assert.Equal("mine", await File.ReadAllTextAsync(victim));
        Assert.Equal(["data", "vault.backup", "vault.backup.partial", "victim"], _root.EnumerateFileSystemInfos().Select(entry => entry.Name).Order());
    }

    [Fact]
    public async Task RowThatCantBeRead_EndsABackup_InASentence()
    {
        await using (await DefineAsync())
        {
        }

        await AuditBench.ExecuteAsync(Data, "UPDATE secrets SET \"Id\" = 'no id'");
        await using var errors = new StringWriter();
        Assert.Equal(2, await BackupCommand.WriteAsync(BackupFile, ["--Vault:DataDirectory", Data], TextWriter.Null, errors));
        Assert.Contains("A row of secrets can't be read", errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(["data"], _root.EnumerateFileSystemInfos().Select(entry => entry.Name));
    }

    private static async Task<(int Code, JsonNode? Report)> RunAsync(Func<string, string[], TextWriter, TextWriter, Task<int>> command, string file, string directory)
    {
        await using var output = new StringWriter();
        var code = await command(file, ["--Vault:DataDirectory", directory], output, TextWriter.Null);
        return (code, output.ToString() is { Length: > 0 } line ? JsonNode.Parse(line) : null);
    }

    private async Task<object?> JournalModeAsync()
    {
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(Target, "vault.db")};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        return await command.ExecuteScalarAsync();
    }

    private void CopyMasterKey()
    {
        Directory.CreateDirectory(Target);
        File.Copy(Path.Combine(Data, "master.key"), Path.Combine(Target, "master.key"));
    }

    private async Task<VaultFactory> DefineAsync()
    {
        Directory.CreateDirectory(Data);
        var vault = new VaultFactory(dataDirectory: Data);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """{ "name": "Svc", "label": "A cup – ☕ \"with\" \\ marks", "authentication": { "protocol": "bearer" } }""");
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", """{ "name": "Svc", "url": "https://service.example", "externalCredential": "Svc" }""");
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Svc/principals/default/credential", $$"""{ "parameters": { "Token": "{{Secret}}" } }""");
        return vault;
    }
}
