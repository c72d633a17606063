using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Api.Hosting;
using Vault.Api.Tests.VaultKeys;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>
/// Everything that breaks, one after the other, under load on three replicas with a spool: no callout fails but those that a killed replica had
/// under way, every answer that was seen is on record once, and each token that ended made one sign-in.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class AllFaultsTests : IAsyncLifetime
{
    private const int SomeCallouts = 5;
    private static readonly int[] All = [0, 1, 2];
    private readonly FallibleReplicas _replicas = new();
    private readonly ConcurrentDictionary<string, bool> _tokens = new();
    private int _logins;
    private int _ended;

    public Task InitializeAsync() => _replicas.InitializeAsync();

    public Task DisposeAsync() => _replicas.DisposeAsync();

    [Fact]
    public async Task EveryFaultInTurn_UnderLoad_FailsNoCallout_LosesNoRecord_AndSignsInOncePerExpiry()
    {
        _replicas.Service.Answer = AnswerAsync;
        await VaultKeyBench.FillAsync(_replicas.Admins[0], "Many", users: 3);
        var key = await _replicas.DefineAsync(0, "Faulty", $$"""
            { "protocol": "login",
              "steps": [ { "request": { "method": "POST", "url": "{{_replicas.Service.Url}}/login", "json": { "password": "{!$Credential.Password}" } }, "extract": { "token": "$.token" } } ],
              "apply": { "headers": { "Authorization": "Bearer {!$Token.token}" } } }
            """, """{ "Password": "the-password" }""");
        await ReadyAsync(key);
        IReadOnlyDictionary<string, string> seen;
        var steps = new List<string>();
        void Step(string name) => steps.Add($"{SteadyLoad.Now()} {name}");
        await using (var load = new SteadyLoad(_replicas, key, "/callout/Faulty/record"))
        {
            await EndTokenAsync(load, All);

            Step("a replica is killed, and comes back");
            await load.KillAsync(0);
            await EndTokenAsync(load, 1, 2);
            await load.RestartAsync(0);
            await EndTokenAsync(load, All);

            Step("one freezes while the others go on, and wakes");
            await _replicas.Vaults[1].SignalAsync("STOP");
            await EndTokenAsync(load, 0, 2);
            await load.ProgressAsync(SomeCallouts, 0, 2);
            await _replicas.Vaults[1].SignalAsync("CONT");
            await EndTokenAsync(load, All);

            Step("every connection to the database breaks");
            await _replicas.Fallible.BreakAsync();
            await load.ProgressAsync(SomeCallouts, All);
            Step("the database is away");
            await _replicas.Fallible.GoAsync();
            await load.ProgressAsync(20 * SomeCallouts, All);
            using (var change = await _replicas.Admins[0].PutAsync("/api/v1/apps/Never", new StringContent("{}", System.Text.Encoding.UTF8, "application/json")))
            {
                Assert.Equal(503, (int)change.StatusCode);
            }

            Step("the database is back");
            _replicas.Fallible.Return();
            await _replicas.ReadyAsync(All);
            await EndTokenAsync(load, All);

            Step("a replica is killed in the middle of moving the secrets to a new key");
            await _replicas.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rotate");
            var operation = "/api/v1/operations/" + (string)(await _replicas.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rewrap"))!["id"]!;
            await UntilAsync(async () => (long)(await _replicas.AdminAsync(1, HttpMethod.Get, operation))!["done"]! > 0);
            await load.KillAsync(0);
            await EndTokenAsync(load, 1, 2);
            await load.RestartAsync(0);
            await UntilAsync(async () => (string?)(await _replicas.AdminAsync(1, HttpMethod.Get, operation))!["status"] == "completed");

            Step("a clock is set forward, and back");
            var ending = await EndingKeyAsync(TimeSpan.FromHours(1));
            foreach (var hours in new[] { 5, -5, 0 })
            {
                _replicas.Clock.Set(TimeSpan.FromHours(hours));
                await UntilAsync(async () => await IsAcceptedAsync(ending[FallibleReplicas.Jumping]) == (hours < 1));
                Assert.True(await IsAcceptedAsync(ending[0]));
                await EndTokenAsync(load, All);
                Assert.True((bool)(await _replicas.AdminAsync(FallibleReplicas.Jumping, HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
            }

            Step("a backup is made");
            Assert.Equal(0, await BackUpAsync());

            Step("every connection of the pool of a replica is taken by who reads what somebody else has locked");
            await using (var other = new Npgsql.NpgsqlConnection(_replicas.Fallible.Direct + ";Pooling=false"))
            {
                await other.OpenAsync();
                await TestDatabase.ExecuteAsync(other, "BEGIN; LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE");
                var readers = Task.WhenAll(Enumerable.Range(0, 3 * FallibleReplicas.PoolSize).Select(async _ =>
                {
                    using var answer = await _replicas.Admins[2].GetAsync("/api/v1/external-credentials/FaultyLogin/principals/default/credential");
                }));
                await UntilAsync(async () => (long)(await PostgreSqlServer.ExecuteAsync(
                    _replicas.Fallible.Direct, "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))! >= FallibleReplicas.PoolSize);
                await load.ProgressAsync(SomeCallouts, All);
                await TestDatabase.ExecuteAsync(other, "ROLLBACK");
                await readers;
            }

            await EndTokenAsync(load, All);
            await load.EndAsync();
            Assert.Empty(load.Failures);
            seen = load.Seen;
        }

        await _replicas.ReadyAsync(All);
        Assert.Equal(_ended + 1, _logins);
        var recorded = (await _replicas.Admins[0].GetStringAsync("/api/v1/audit/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Where(record => record.GetProperty("action").GetString() == "callout")
            .GroupBy(record => record.GetProperty("id").GetString()!).ToArray();

        // Once; of an answer whose body was long in coming a second record tells how long.
        Assert.All(recorded.Where(records => records.Count() > 1), records => Assert.Equal(
            [false, true], records.Select(record => record.GetProperty("durationMs").GetDouble() - records.First().GetProperty("durationMs").GetDouble() >= 250)));
        var lost = seen.Keys.Except(recorded.Select(records => records.Key)).Select(id => $"{id} {seen[id]}").ToArray();
        Assert.True(lost.Length == 0, $"Lost: {string.Join(", ", lost)}. Steps: {string.Join("; ", steps)}.");
        foreach (var replica in All)
        {
            var verdict = (await _replicas.AdminAsync(replica, HttpMethod.Post, "/api/v1/audit/verify"))!;
            Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        }

        Assert.True((bool)(await _replicas.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/verify"))!["valid"]!);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    // The service takes the token back, once all of these replicas have worked with it; they all go on with one new one.
    private async Task EndTokenAsync(SteadyLoad load, params int[] replicas)
    {
        await load.ProgressAsync(SomeCallouts, replicas);
        _tokens.Clear();
        _ended++;
        await load.ProgressAsync(SomeCallouts, replicas);
        Assert.Equal(_ended + 1, Volatile.Read(ref _logins));
    }

    // Clients of a key that ends soon, by the clock of whoever is asked.
    private async Task<HttpClient[]> EndingKeyAsync(TimeSpan after)
    {
        var end = (TimeProvider.System.GetUtcNow() + after).ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        var clients = _replicas.Clients((string)(await _replicas.AdminAsync(0, HttpMethod.Post, "/api/v1/apps/FaultyApp/keys", $$"""{ "expiresAt": "{{end}}" }"""))!["key"]!);
        foreach (var client in clients)
        {
            await UntilAsync(() => IsAcceptedAsync(client));
        }

        return clients;
    }

    private static async Task<bool> IsAcceptedAsync(HttpClient client)
    {
        using var answer = await client.GetAsync("/callout/Faulty/record");
        return answer.IsSuccessStatusCode;
    }

    private async Task<int> BackUpAsync()
    {
        var directory = Directory.CreateTempSubdirectory("vault-backup-");
        try
        {
            string[] settings = [.. _replicas.Settings.SelectMany(setting => new[] { "--" + setting.Name, setting.Value }), "--Vault:DataDirectory", _replicas.DataOf(1)];
            return await BackupCommand.WriteAsync(Path.Combine(directory.FullName, "vault.backup"), settings, TextWriter.Null, TextWriter.Null);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // Replicas hear of what was defined on one of them.
    private async Task ReadyAsync(string key)
    {
        foreach (var client in _replicas.Clients(key))
        {
            await UntilAsync(async () =>
            {
                using var answer = await client.GetAsync("/callout/Faulty/record");
                return answer.IsSuccessStatusCode;
            });
        }
    }

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        if (request.Target == "/login")
        {
            Interlocked.Increment(ref _logins);
            var token = "token-" + Guid.NewGuid().ToString("N");
            _tokens[token] = true;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(new JsonObject { ["token"] = token }.ToJsonString());
            return;
        }

        // With its length, so that one record tells all of it.
        context.Response.StatusCode = _tokens.ContainsKey(request.Header("Authorization")?[7..] ?? "") ? 200 : 401;
        context.Response.ContentLength = 2;
        await context.Response.WriteAsync("ok");
    }

    /// <summary>Three replicas with a spool each, on a database that can go away.</summary>
    private sealed class FallibleReplicas : ReplicaFixture
    {
        public const int PoolSize = 5;

        /// <summary>The replica with a clock of its own.</summary>
        public const int Jumping = 2;

        private readonly DirectoryInfo _spools = Directory.CreateTempSubdirectory("vault-spools-");

        public FallibleDatabase Fallible { get; private set; } = null!;

        public SettableClock Clock { get; } = new();

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            await Fallible.DisposeAsync();
            Clock.Dispose();
            _spools.Delete(recursive: true);
        }

        /// <summary>The database is back for all of them, and nothing is left in a spool.</summary>
        public Task ReadyAsync(int[] replicas) => UntilAsync(async () =>
        {
            foreach (var replica in replicas)
            {
                using var ready = await Admins[replica].GetAsync("/healthz/ready");
                if (!ready.IsSuccessStatusCode)
                {
                    return false;
                }
            }

            return _spools.GetFiles("*.jsonl", SearchOption.AllDirectories).Length == 0;
        });

        protected override async Task<string> CreateDatabaseAsync()
        {
            Fallible = await FallibleDatabase.CreateAsync(isEmpty: true);
            return new Npgsql.NpgsqlConnectionStringBuilder(Fallible.Through) { MaxPoolSize = PoolSize }.ToString();
        }

        protected override IEnumerable<(string Name, string Value)> More(int number) =>
            [("Vault:Audit:Spool", Path.Combine(_spools.FullName, $"replica-{number}")), .. number == Jumping ? Clock.Environment : []];
    }
}
