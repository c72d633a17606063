using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>With <c>Vault:Audit:Spool</c> callouts go on while PostgreSQL is away, and every one of them is on record once.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class SpoolTests(ReplicaFixture fixture) : IDisposable
{
    private static readonly TimeSpan Healed = TimeSpan.FromSeconds(20);
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-spool-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task DatabaseThatIsGone_StopsNoCallout_AndEachIsOnRecordOnce()
    {
        await using var database = await FallibleDatabase.CreateAsync();
        await using var vault = new VaultFactory(Settings(database).ToDictionary(setting => setting.Name, setting => (string?)setting.Value));
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", Named);
        using var app = vault.CreateClient(await vault.CreateAppAsync("SpoolApp", "Spooled"));
        var seen = new List<string> { await CallAsync(app, "before") };
        await database.GoAsync();
        for (var number = 0; number < 20; number++)
        {
            seen.Add(await CallAsync(app, "meanwhile"));
        }

        // A refusal has a record, too; a change is not made, and the vault isn't ready.
        using (var refused = await app.GetAsync("/callout/NotGranted/1"))
        {
            Assert.Equal("callout-not-granted", refused.Headers.GetValues("X-Vault-Error").Single());
            seen.Add(refused.Headers.GetValues("X-Vault-Request-Id").Single());
        }

        using (var change = await vault.AdminClient.PutAsync("/api/v1/apps/Never", new StringContent("{}", System.Text.Encoding.UTF8, "application/json")))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, change.StatusCode);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        Assert.Contains("vault_audit_keeping 1", await vault.AdminClient.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_directory, "*.jsonl"));
        Assert.DoesNotContain("the-password", await File.ReadAllTextAsync(Directory.GetFiles(_directory, "*.jsonl")[0]), StringComparison.Ordinal);

        database.Return();
        await UntilAsync(() => Directory.GetFiles(_directory, "*.jsonl").Length == 0);
        seen.Add(await CallAsync(app, "after"));
        await UntilAsync(async () => (await vault.AdminClient.GetAsync("/healthz/ready")).IsSuccessStatusCode);
        await AssertOnRecordOnceAsync(vault.AdminClient, seen);
        Assert.Contains(vault.Logs.Lines, line => line.Contains("The database is away", StringComparison.Ordinal));
        Assert.Contains(vault.Logs.Lines, line => line.Contains("all audit records of the spool are in it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ProcessThatIsKilledWhileTheDatabaseIsGone_LosesNoRecord()
    {
        await using var database = await FallibleDatabase.CreateAsync();
        var data = Directory.CreateTempSubdirectory("vault-killed-").FullName;
        var seen = new List<string>();
        await using (var vault = await VaultProcess.StartAsync(data, Settings(database)))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            using var app = vault.CreateClient(await DefineAsync(admin));
            seen.Add(await CallAsync(app, "before"));
            await database.GoAsync();
            for (var number = 0; number < 10; number++)
            {
                seen.Add(await CallAsync(app, "meanwhile"));
            }

            await vault.KillAsync();
        }

        // Without its database it doesn't start, and nothing of the spool is lost by trying.
        await Assert.ThrowsAsync<InvalidOperationException>(() => VaultProcess.StartAsync(data, Settings(database)));
        database.Return();
        await using var again = await VaultProcess.StartAsync(data, Settings(database));
        using var auditor = again.CreateClient(VaultFactory.AdminKey);
        Assert.Empty(Directory.GetFiles(_directory, "*.jsonl"));
        await AssertOnRecordOnceAsync(auditor, seen);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Spool_OnSqlite_OrThatCantBeWritten_EndsTheStart_WithASentence()
    {
        var data = Directory.CreateTempSubdirectory("vault-refused-").FullName;
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultProcess.StartAsync(data, ("Vault:Database:Provider", "sqlite"), ("Vault:Audit:Spool", _directory)));
        Assert.Contains("ended with 78: vault: Vault:Audit:Spool is for PostgreSQL", refused.Message, StringComparison.Ordinal);
        await using var database = await FallibleDatabase.CreateAsync();
        var file = Path.Combine(data, "file");
        await File.WriteAllTextAsync(file, "");
        refused = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultProcess.StartAsync(
            data, [.. Settings(database).Where(setting => setting.Name != "Vault:Audit:Spool"), ("Vault:Audit:Spool", file)]));
        Assert.Contains("(Vault:Audit:Spool) can't be written", refused.Message, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    private string Named => $$"""{ "name": "Spooled", "url": "{{fixture.Service.Url}}", "authentication": { "protocol": "password", "username": "ann", "password": "the-password" } }""";

    private static async Task<string> CallAsync(HttpClient app, string path)
    {
        using var answer = await app.GetAsync("/callout/Spooled/" + path);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return answer.Headers.GetValues("X-Vault-Request-Id").Single();
    }

    private static async Task AssertOnRecordOnceAsync(HttpClient admin, IReadOnlyCollection<string> seen)
    {
        // The service's answers don't say how long they are, so each has a second record once it ended.
        var records = (await admin.GetStringAsync("/api/v1/audit/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Where(record => record.GetProperty("action").GetString() == "callout")
            .ToLookup(record => !record.TryGetProperty("bytesOut", out var length) || length.ValueKind is JsonValueKind.Null, record => record.GetProperty("id").GetString()!);
        Assert.Equal(seen, records[true]);
        Assert.Equal(records[false].Distinct(), records[false]);
        using var verdict = await admin.PostAsync("/api/v1/audit/verify", null);
        Assert.Contains("\"valid\":true", await verdict.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> isSo) => await UntilAsync(() => Task.FromResult(isSo()));

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Healed);
            await Task.Yield();
        }
    }

    private (string Name, string Value)[] Settings(FallibleDatabase database) =>
        [("Vault:Database:Provider", "postgreSql"), ("ConnectionStrings:Vault", database.Through), ("Vault:Audit:Spool", _directory)];

    private async Task<string> DefineAsync(HttpClient admin)
    {
        await SendAsync(HttpMethod.Post, "/api/v1/named-credentials", Named);
        await SendAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "SpoolApp" }""");
        await SendAsync(HttpMethod.Put, "/api/v1/apps/SpoolApp/grants/Spooled", "{}");
        return (await SendAsync(HttpMethod.Post, "/api/v1/apps/SpoolApp/keys", "{}")).GetProperty("key").GetString()!;

        async Task<JsonElement> SendAsync(HttpMethod method, string path, string json)
        {
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
            using var response = await admin.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
            var text = await response.Content.ReadAsStringAsync();
            return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
        }
    }
}
