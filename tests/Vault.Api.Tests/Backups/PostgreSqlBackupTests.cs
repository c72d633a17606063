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
