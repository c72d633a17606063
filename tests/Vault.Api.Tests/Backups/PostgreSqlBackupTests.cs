using System.Text.Json.Nodes;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Backups;

/// <summary>The whole way of a vault on PostgreSQL: backed up while it runs, restored into SQLite, and taken to another PostgreSQL from there.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Trait("Database", "sqlite")]
public sealed class PostgreSqlBackupTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vault-pg-backup-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Backup_OfARunningVaultOnPostgreSql_IsRestored_AndTakenToAnother()
    {
        await using var service = await RecordingUpstream.StartAsync();
        var server = await PostgreSqlServer.GetAsync();
        string data = Path.Combine(_root.FullName, "data"), restored = Path.Combine(_root.FullName, "restored"), masterKey = Path.Combine(_root.FullName, "master.key"), file = Path.Combine(_root.FullName, "vault.backup");
        var first = Settings(data, masterKey, await server.CreateEmptyAsync());
        string key, before;
        await using (var vault = New(first))
        {
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{service.Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-the-service" } }""");
            key = await vault.CreateAppAsync("App", "Svc");
            using var app = vault.CreateClient(key);
            before = await CallAsync(app);
            var report = await RunAsync(BackupCommand.WriteAsync, file, first);
            Assert.Equal(1, (int)report["rows"]!["named_credentials"]!);
            await RunAsync(BackupCommand.VerifyAsync, file, first);

            // What comes after it isn't in it.
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/Later", "{}");
        }

        var second = Settings(restored, masterKey, null);
        await RunAsync(BackupCommand.RestoreAsync, file, second);
        await AssertIsThereAsync(second);

        var third = Settings(restored, masterKey, await server.CreateEmptyAsync());
        await using (var errors = new StringWriter())
        {
            Assert.True(await DatabaseCommand.CopyAsync([.. Arguments(second), "--to", third["ConnectionStrings:Vault"]!], TextWriter.Null, errors) == 0, errors.ToString());
        }

        await AssertIsThereAsync(third);

        // Or in one go, with a spool set as that vault will have it.
        var straight = Settings(Path.Combine(_root.FullName, "straight"), masterKey, await server.CreateEmptyAsync());
        straight["Vault:Audit:Spool"] = Path.Combine(_root.FullName, "spool");
        var put = await RunAsync(BackupCommand.RestoreAsync, file, straight);
        Assert.True((bool)put["restored"]! && (bool)put["keys"]!["valid"]! && (bool)put["audit"]!["valid"]!, put.ToJsonString());
        Assert.Equal(["audit-checkpoints.jsonl", "audit-head.json", "vault.lock"], Directory.EnumerateFileSystemEntries(straight["Vault:DataDirectory"]!).Select(Path.GetFileName).Order());
        await AssertIsThereAsync(straight);

        async Task AssertIsThereAsync(Dictionary<string, string?> settings)
        {
            await using var vault = New(settings);
            using var app = vault.CreateClient(key);
            await CallAsync(app);
            Assert.Equal("Bearer the-token-of-the-service", service.Requests[^1].Header("Authorization"));
            Assert.Contains(before, await vault.AdminClient.GetStringAsync("/api/v1/audit/export"), StringComparison.Ordinal);
            Assert.Single((await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=vault.restored"))!["items"]!.AsArray());
            Assert.Single((await vault.AdminAsync(HttpMethod.Get, "/api/v1/apps"))!["items"]!.AsArray());
            Assert.True((bool)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
            Assert.True((bool)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify"))!["valid"]!);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Backup_OfAReplicaThatJoinedLater_IsRestored_WithAnAuditThatHolds(bool intoPostgreSql)
    {
        var server = await PostgreSqlServer.GetAsync();
        string masterKey = Path.Combine(_root.FullName, "master.key"), file = Path.Combine(_root.FullName, "vault.backup"), restored = Path.Combine(_root.FullName, "restored");
        var database = await server.CreateEmptyAsync();
        var later = Settings(Path.Combine(_root.FullName, "later"), masterKey, database);
        await using (var first = New(Settings(Path.Combine(_root.FullName, "first"), masterKey, database)))
        {
            await first.AdminAsync(HttpMethod.Put, "/api/v1/apps/App", "{}");
            await using var second = New(later);
            await second.AdminAsync(HttpMethod.Put, "/api/v1/apps/Another", "{}");
            await RunAsync(BackupCommand.WriteAsync, file, later);
            await RunAsync(BackupCommand.VerifyAsync, file, later);
        }

        var target = Settings(restored, masterKey, intoPostgreSql ? await server.CreateEmptyAsync() : null);
        var report = await RunAsync(BackupCommand.RestoreAsync, file, target);
        Assert.True((bool)report["audit"]!["valid"]!, report.ToJsonString());
        for (var start = 1; start <= 2; start++)
        {
            await using var vault = New(target);
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/App", "{}");
            var verdict = (await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
            Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
            Assert.Empty((await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=audit.started&outcome=failed"))!["items"]!.AsArray());
        }

        // And so on, from there.
        var again = Settings(Path.Combine(_root.FullName, "again"), masterKey, null);
        await RunAsync(BackupCommand.WriteAsync, file + ".again", target);
        report = await RunAsync(BackupCommand.RestoreAsync, file + ".again", again);
        Assert.True((bool)report["audit"]!["valid"]!, report.ToJsonString());

        // It is no excuse for a vault that has the log to itself now: what begins anew there proves nothing.
        Directory.GetFiles(again["Vault:DataDirectory"]!, "audit-*").ToList().ForEach(File.Delete);
        await using var cut = New(again);
        Assert.Equal("checkpoints", (string?)(await cut.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["fault"]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task Checkpoints_ThatWereCut_OfAReplicaThatJoinedLater_StayCut_ThroughBackupAndRestore(int atTheBeginning, int atTheEnd)
    {
        string masterKey = Path.Combine(_root.FullName, "master.key"), file = Path.Combine(_root.FullName, "vault.backup");
        var database = await (await PostgreSqlServer.GetAsync()).CreateEmptyAsync();
        var later = Settings(Path.Combine(_root.FullName, "later"), masterKey, database);
        await using (var first = New(Settings(Path.Combine(_root.FullName, "first"), masterKey, database)))
        {
            await first.AdminAsync(HttpMethod.Put, "/api/v1/apps/App", "{}");
            await using var second = New(later);
            await second.AdminAsync(HttpMethod.Put, "/api/v1/apps/Another", "{}");
        }

        var checkpoints = Path.Combine(later["Vault:DataDirectory"]!, "audit-checkpoints.jsonl");
        var lines = await File.ReadAllLinesAsync(checkpoints);
        await File.WriteAllLinesAsync(checkpoints, lines[atTheBeginning..^atTheEnd]);
        Assert.Equal(1, await BackupCommand.WriteAsync(file, Arguments(later), TextWriter.Null, TextWriter.Null));
        await using var output = new StringWriter();
        var restored = Settings(Path.Combine(_root.FullName, "restored"), masterKey, null);
        Assert.Equal(1, await BackupCommand.RestoreAsync(file, Arguments(restored), output, TextWriter.Null));
        Assert.Equal("checkpoints", (string?)JsonNode.Parse(output.ToString())!["audit"]!["fault"]);
        await using var vault = New(restored);
        Assert.Equal("checkpoints", (string?)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["fault"]);
    }

    [Fact]
    public async Task Restore_IntoPostgreSql_IsWholeOrNothing_AndGoesOnWhereItWasKilled()
    {
        var server = await PostgreSqlServer.GetAsync();
        string data = Path.Combine(_root.FullName, "data"), masterKey = Path.Combine(_root.FullName, "master.key"), file = Path.Combine(_root.FullName, "vault.backup");
        var source = Settings(data, masterKey, null);
        await using (var vault = New(source))
        {
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/App", "{}");
            await RunAsync(BackupCommand.WriteAsync, file, source);
        }

        // A backup that is damaged at its end: nothing is left behind.
        var target = Settings(Path.Combine(_root.FullName, "target"), masterKey, await server.CreateEmptyAsync());
        var bytes = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file + ".damaged", [.. bytes[..^1], (byte)~bytes[^1]]);
        await AssertRefusedAsync(file + ".damaged", target, "backup");
        Assert.Equal(["vault.lock"], Directory.EnumerateFileSystemEntries(target["Vault:DataDirectory"]!).Select(Path.GetFileName));

        // A database that can't be reached, or that isn't empty.
        await AssertRefusedAsync(file, new(target) { ["ConnectionStrings:Vault"] = "Host=127.0.0.1;Port=1;Database=x;Username=x" }, "can't be reached");
        var taken = Settings(Path.Combine(_root.FullName, "taken"), masterKey + ".taken", await server.CreateEmptyAsync());
        await using (var other = New(taken))
        {
            await other.AdminAsync(HttpMethod.Put, "/api/v1/apps/Theirs", "{}");
        }

        await AssertRefusedAsync(file, new(target) { ["ConnectionStrings:Vault"] = taken["ConnectionStrings:Vault"] }, "isn't empty");
        await using (var other = New(taken))
        {
            Assert.Contains("Theirs", await other.AdminClient.GetStringAsync("/api/v1/apps"), StringComparison.Ordinal);
        }

        // Killed once the database was filled, and before the files of the audit were in their place.
        await RunAsync(BackupCommand.RestoreAsync, file, target);
        var directory = target["Vault:DataDirectory"]!;
        var text = new Npgsql.NpgsqlConnectionStringBuilder(target["ConnectionStrings:Vault"]);
        Directory.CreateDirectory(Path.Combine(directory, "restoring"));
        await File.WriteAllTextAsync(Path.Combine(directory, "restoring", "database"), $"{text.Database} on {text.Host}:{text.Port}");
        Directory.GetFiles(directory, "audit-*").ToList().ForEach(File.Delete);
        await AssertRefusedAsync(file, new(target) { ["ConnectionStrings:Vault"] = taken["ConnectionStrings:Vault"] }, "another database");
        await RunAsync(BackupCommand.RestoreAsync, file, target);
        await using (var vault = New(target))
        {
            Assert.Single((await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=vault.restored"))!["items"]!.AsArray());
            Assert.Equal("App", (string?)(await vault.AdminAsync(HttpMethod.Get, "/api/v1/apps"))!["items"]!.AsArray().Single()!["name"]);
            Assert.True((bool)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
        }

        async Task AssertRefusedAsync(string backup, Dictionary<string, string?> settings, string said)
        {
            await using var errors = new StringWriter();
            Assert.Equal(2, await BackupCommand.RestoreAsync(backup, Arguments(settings), TextWriter.Null, errors));
            Assert.Contains(said, errors.ToString(), StringComparison.Ordinal);
        }
    }

    private static async Task<string> CallAsync(HttpClient app)
    {
        using var answer = await app.GetAsync("/callout/Svc");
        Assert.Equal(200, (int)answer.StatusCode);
        return answer.Headers.GetValues("X-Vault-Request-Id").Single();
    }

    private static VaultFactory New(Dictionary<string, string?> settings) => new(settings, settings["Vault:DataDirectory"]);

    private static Dictionary<string, string?> Settings(string data, string masterKey, string? database) => new()
    {
        ["Vault:DataDirectory"] = data,
        ["Vault:MasterKey:Path"] = masterKey,
        ["Vault:Database:Provider"] = database is null ? "sqlite" : "postgreSql",
        ["ConnectionStrings:Vault"] = database ?? "",
    };

    private static string[] Arguments(Dictionary<string, string?> settings) => [.. settings.SelectMany(setting => new[] { "--" + setting.Key, setting.Value! })];

    private static async Task<JsonNode> RunAsync(Func<string, string[], TextWriter, TextWriter, Task<int>> command, string file, Dictionary<string, string?> settings)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        Assert.True(await command(file, Arguments(settings), output, errors) == 0, errors.ToString());
        return JsonNode.Parse(output.ToString())!;
    }
}
