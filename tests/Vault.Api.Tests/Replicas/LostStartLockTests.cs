using System.Globalization;
using Npgsql;
using Vault.Core.Storage.PostgreSql;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>Two replicas that both take the database for new, because one lost the lock that keeps others from starting.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class LostStartLockTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vault-starts-");
    private readonly List<VaultProcess> _vaults = [];
    private string _database = "";

    public async Task InitializeAsync() =>
        _database = await (await PostgreSqlServer.GetAsync()).EnsureAsync("start_" + Guid.NewGuid().ToString("N"));

    public async Task DisposeAsync()
    {
        foreach (var vault in _vaults)
        {
            await vault.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task VaultKeys_AreMadeOnce()
    {
        Task[] starts;
        await using (var other = new NpgsqlConnection(_database + ";Pooling=false"))
        {
            // Nobody writes vault keys yet, so both find none.
            await other.OpenAsync();
            await TestDatabase.ExecuteAsync(other, "BEGIN; LOCK TABLE vault_keys IN SHARE MODE");
            var first = StartAsync("first");
            await UntilWaitingAsync(1, first);
            Assert.Equal(true, await PostgreSqlServer.ExecuteAsync(_database, string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() AND locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = {AdvisoryLocks.Start}")));
            var second = StartAsync("second");
            await UntilWaitingAsync(2, first, second);
            await TestDatabase.ExecuteAsync(other, "ROLLBACK");
            starts = [first, second];
        }

        // Whoever waited for too long may have given up; then it says so, and can start again.
        await Task.WhenAll(starts.Select(start => start.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Contains(starts, start => start.IsCompletedSuccessfully);
        Assert.Equal(1L, await PostgreSqlServer.ExecuteAsync(_database, "SELECT COUNT(*) FROM vault_keys WHERE \"Purpose\" = 'integrity'"));
        await StartAsync("third");
        using var client = _vaults[^1].CreateClient(VaultFactory.AdminKey);
        Assert.Equal("[]", System.Text.Json.Nodes.JsonNode.Parse(await client.GetStringAsync("/api/v1/apps"))!["items"]!.ToJsonString());
    }

    private async Task StartAsync(string name)
    {
        var vault = await VaultProcess.StartAsync(
            Path.Combine(_directory.FullName, name),
            ("Vault:Database:Provider", "postgreSql"), ("ConnectionStrings:Vault", _database), ("Vault:MasterKey:Path", Path.Combine(_directory.FullName, "master.key")));
        lock (_vaults)
        {
            _vaults.Add(vault);
        }
    }

    // Until so many wait for the table, or have given up.
    private async Task UntilWaitingAsync(int count, params Task[] starts)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((long)(await PostgreSqlServer.ExecuteAsync(_database, "SELECT COUNT(*) FROM pg_locks WHERE relation = 'vault_keys'::regclass AND NOT granted"))!
            + starts.Count(start => start.IsCompleted) < count)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
