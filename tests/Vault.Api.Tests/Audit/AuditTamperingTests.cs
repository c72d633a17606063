using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Audit;
using Vault.Core.Storage.Sqlite;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Audit;

/// <summary>
/// A log of 10,000 records over ten days in a real database: every mutation, at a random place, is named by the route and by the command,
/// before and after retention removed the first days; and the log is searched.
/// </summary>
public sealed class AuditTamperingTests : IAsyncLifetime
{
    private const int Days = 10;
    private const int PerDay = 1000;
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-tampering-").FullName;
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow().AddDays(-Days));
    private readonly SqlCapture _sql = new();
    private VaultFactory _vault = null!;

    public async Task InitializeAsync()
    {
        _vault = Start();
        _ = _vault.AdminClient;
        var tail = _vault.Services.GetRequiredService<AuditTail>();
        var store = _vault.Services.GetRequiredService<IAuditStore>();
        for (var day = 0; day < Days; day++)
        {
            await using (var turn = await tail.TakeTurnAsync(CancellationToken.None))
            {
                await store.AppendAsync([.. Enumerable.Range(0, PerDay).Select(number => turn.Next(Event(day, number)))], begun: null, CancellationToken.None);
                turn.Done();
            }

            await tail.SignAsync();
            _time.Advance(TimeSpan.FromDays(1));
        }
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task EachMutation_IsNamed_ByRouteAndCommand_AlsoAfterPruning()
    {
        await AssertWholeAsync();
        await AssertMutationsAsync(first: 1);

        await _vault.DisposeAsync();
        _vault = Start(new() { ["Vault:Audit:RetentionDays"] = "5" });
        _ = _vault.AdminClient;
        await _vault.Services.GetRequiredService<AuditRetention>().PruneAsync(CancellationToken.None);
        var left = AuditBench.Lines(await _vault.AdminClient.GetStringAsync("/api/v1/audit/export"));
        var first = left[0].GetProperty("sequence").GetInt64();
        Assert.True(first is > 4 * PerDay and < 6 * PerDay, $"{first} is the first record.");
        Assert.All(left, record => Assert.True(record.GetProperty("at").GetDateTimeOffset() >= _time.GetUtcNow().AddDays(-5).AddSeconds(-1)));
        Assert.NotEmpty(await ItemsAsync("?action=audit.pruned"));
        await AssertWholeAsync();
        await AssertMutationsAsync(first);
        await AssertFaultAsync("prune more", $"DELETE FROM audit WHERE Sequence < {first + 10}", "missing", first);
        await AssertFaultAsync("prune without a record", "DELETE FROM audit WHERE Action = 'audit.pruned'", "segment-missing", 1);
        await AssertFaultAsync(
            "forge the record of it",
            $"DELETE FROM audit WHERE Sequence < {first + 10}; UPDATE audit SET Target = replace(Target, '-{first - 1} ', '-{first + 9} ') WHERE Action = 'audit.pruned'",
            "segment-missing", null);
        await AssertFaultAsync("put back what was pruned", $"INSERT INTO audit SELECT {Columns("Sequence", "1")} FROM audit WHERE Sequence = {first}", "forged", 1);
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task Search_FindsWhatTheExportHas_ByIndex_AndPagesWithoutGapOrDoubt()
    {
        var all = AuditBench.Lines(await _vault.AdminClient.GetStringAsync("/api/v1/audit/export"));
        Assert.True(all.Length > Days * PerDay);
        Assert.Equal(Enumerable.Range(1, all.Length).Select(number => (long)number), all.Select(record => record.GetProperty("sequence").GetInt64()));

        // A callout that has two records is one item: the second.
        var items = all.GroupBy(record => (record.GetProperty("id").GetString(), record.GetProperty("action").GetString(), record.GetProperty("target").GetString()))
            .Select(group => group.Last()).OrderByDescending(record => record.GetProperty("sequence").GetInt64()).ToArray();
        Assert.True(items.Length < all.Length - 500);
        var from = _time.GetUtcNow().AddDays(-7).ToString("O").Replace("+", "%2B", StringComparison.Ordinal);
        var to = _time.GetUtcNow().AddDays(-5).ToString("O").Replace("+", "%2B", StringComparison.Ordinal);
        foreach (var (query, predicate, index) in new (string, Func<JsonElement, bool>, string)[]
        {
            ("", _ => true, "audit"),
            ("actor=Rare", record => Is(record, "actor", "Rare"), "IX_audit_Actor_Sequence"),
            ("target=Svc3", record => Is(record, "target", "Svc3"), "IX_audit_Target_Sequence"),
            ("action=app.created", record => Is(record, "action", "app.created"), "IX_audit_Action_Sequence"),
            ("outcome=denied", record => Is(record, "outcome", "denied"), "IX_audit_Outcome_Sequence"),
            ("outcome=intent", record => Is(record, "outcome", "intent"), "IX_audit_Outcome_Sequence"),
            ("action=callout&outcome=success", record => Is(record, "action", "callout") && Is(record, "outcome", "success"), "audit"),
            ($"from={from}&to={to}", record => Between(record), "audit"),
            ($"from={from}&to={to}&actor=Rare", record => Between(record) && Is(record, "actor", "Rare"), "IX_audit_Actor_Sequence"),
        })
        {
            var expected = items.Where(predicate).Select(record => record.GetProperty("sequence").GetInt64()).ToArray();
            Assert.NotEmpty(expected);
            var found = new List<long>();
            string? token = null;
            do
            {
                _sql.Seen.Clear();
                var page = (await _vault.AdminAsync(HttpMethod.Get, $"/api/v1/audit?pageSize=337&{query}{(token is null ? "" : "&pageToken=" + token)}"))!;
                found.AddRange(page["items"]!.AsArray().Select(item => (long)item!["sequence"]!));
                token = (string?)page["nextPageToken"];
                await AssertPlanAsync(index, query);
            }
            while (token is not null);

            Assert.Equal(expected, found);
        }

        Assert.Empty(await ItemsAsync("?target=Svc3&actor=Nobody"));

        static bool Is(JsonElement record, string name, string value) => record.GetProperty(name).GetString() == value;

        bool Between(JsonElement record) =>
            record.GetProperty("at").GetDateTimeOffset() is var at && at >= _time.GetUtcNow().AddDays(-7) && at < _time.GetUtcNow().AddDays(-5);
    }

    // Every tenth callout streamed (two records), every fiftieth was refused, a few have no outcome.
    private AuditEvent Event(int day, int number)
    {
        var id = $"{day}-{(number % 10 == 9 ? number - 1 : number)}";
        var audited = new AuditEvent(id, _time.GetUtcNow().AddMilliseconds(number), number % 400 == 7 ? "Rare" : "Common", number % 500 == 3 ? "app.created" : "callout", "Svc" + (number % 10 == 9 ? number - 1 : number) % 7, "success");
        return number % 50 == 1 ? audited with { Outcome = "denied", Code = "callout-not-granted", Status = 403 }
            : number % 333 == 5 ? audited with { Outcome = "intent" }
            : audited with { Status = 200, DurationMs = 1.5, BytesOut = number % 10 == 8 ? null : 17, Path = "/record", Host = "service.example", Principal = "default" };
    }

    private VaultFactory Start(Dictionary<string, string?>? settings = null) => new(settings, _directory, services =>
    {
        services.AddSingleton<TimeProvider>(_time);
        services.ConfigureDbContext<SqliteVaultDbContext>(builder => builder.AddInterceptors(_sql));
    });

    private async Task AssertMutationsAsync(long first)
    {
        foreach (var mutation in new[]
        {
            "modify", "delete", "delete and renumber", "reorder", "insert", "duplicate", "cut", "cut segments", "drop a segment", "plant behind the end", "an impossible time", "an impossible segment", "rehash",
        })
        {
            var last = (long)(await ItemsAsync("?pageSize=1"))[0]!["sequence"]!;
            var place = first + 1 + RandomNumberGenerator.GetInt32((int)(last - first - 1200));
            var (sql, fault, sequence) = Mutation(mutation, place, last);
            if (mutation == "cut segments" && first > 1)
            {
                // What tells of the pruning went with the end: nothing says any more that the beginning was removed rightly.
                sequence = 1;
            }

            if (mutation == "drop a segment")
            {
                var segment = (await QueryAsync($"SELECT Segment FROM audit WHERE Sequence = {place}")) + 1;
                sql = $"DELETE FROM audit WHERE Segment = {segment}";
                sequence = await QueryAsync($"SELECT MIN(Sequence) FROM audit WHERE Segment = {segment}");
            }

            await AssertFaultAsync($"{mutation} at {place}", sql, fault, sequence);
        }
    }

    private static (string Sql, string Fault, long? Sequence) Mutation(string mutation, long place, long last) => mutation switch
    {
        "modify" => ($"UPDATE audit SET Actor = 'Somebody' WHERE Sequence = {place}", "modified", place),
        "delete" => ($"DELETE FROM audit WHERE Sequence = {place}", "missing", place),
        "delete and renumber" => ($"DELETE FROM audit WHERE Sequence = {place}; UPDATE audit SET Sequence = Sequence - 1 WHERE Sequence > {place}", "missing", place),
        "reorder" => ($"UPDATE audit SET Sequence = -1 WHERE Sequence = {place}; UPDATE audit SET Sequence = {place} WHERE Sequence = {place + 70}; UPDATE audit SET Sequence = {place + 70} WHERE Sequence = -1", "reordered", place),
        "insert" => ($"{MakeRoom(place)}; INSERT INTO audit SELECT {Columns("Sequence", $"{place}", "Hash", "randomblob(32)")} FROM audit WHERE Sequence = {place - 1}", "forged", place),
        "duplicate" => ($"{MakeRoom(place)}; INSERT INTO audit SELECT {Columns("Sequence", $"{place}")} FROM audit WHERE Sequence = {place - 1}", "duplicate", place),
        "cut" => ($"DELETE FROM audit WHERE Sequence > {last - 3}", "truncated", last - 2),
        "cut segments" => ($"DELETE FROM audit WHERE Sequence > {place}", "segment-missing", place + 1),
        "drop a segment" => ("", "segment-missing", null),
        "plant behind the end" => ($"INSERT INTO audit SELECT {Columns("Sequence", "Sequence + 5000000")} FROM audit WHERE Sequence = {place}", "forged", place + 5_000_000),
        "an impossible time" => ($"UPDATE audit SET At = 9223372036854775807 WHERE Sequence = {place}", "modified", place),
        "an impossible segment" => ($"UPDATE audit SET Segment = 1099511627776 WHERE Sequence = {place}", "modified", null),
        _ => ($"UPDATE audit SET Actor = 'Somebody', Hash = randomblob(32) WHERE Sequence = {place}", "forged", place),
    };

    private static string MakeRoom(long place) =>
        $"UPDATE audit SET Sequence = -(Sequence + 1) WHERE Sequence >= {place}; UPDATE audit SET Sequence = -Sequence WHERE Sequence < 0";

    // All columns, some of them replaced.
    private static string Columns(params string[] replaced)
    {
        string[] all =
        [
            "Sequence", "Segment", "Id", "At", "Actor", "Action", "Target", "Outcome", "Principal", "User", "Method", "Host", "Path", "Status", "DurationMs", "BytesIn", "BytesOut", "RemoteAddress",
            "Code", "TraceId", "Previous", "Hash", "Mac",
        ];
        return string.Join(", ", all.Select(column => Array.IndexOf(replaced, column) is var at && at >= 0 ? replaced[at + 1] : $"\"{column}\""));
    }

    private async Task AssertWholeAsync()
    {
        var verdict = (await _vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        var (code, offline) = await AuditBench.VerifyByCommandAsync(_directory);
        Assert.True(code == 0 && (bool)offline!["valid"]!, $"{code} {offline}");
    }

    // The running vault goes on writing meanwhile: what it wrote stays, the rest is put back.
    private async Task AssertFaultAsync(string what, string sql, string fault, long? sequence)
    {
        await AuditBench.ExecuteAsync(_directory, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM audit");
        await AuditBench.ExecuteAsync(_directory, sql);
        var verdict = (await _vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        var (code, offline) = await AuditBench.VerifyByCommandAsync(_directory);
        await AuditBench.ExecuteAsync(
            _directory, "DELETE FROM audit WHERE Sequence <= (SELECT MAX(Sequence) FROM kept) OR Sequence > 1000000 OR Hash IN (SELECT Hash FROM kept); INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
        Assert.True((string?)verdict["fault"] == fault && (sequence is null || (long)verdict["sequence"]! == sequence), $"{what}: {verdict.ToJsonString()}");
        Assert.False((bool)verdict["valid"]!);
        Assert.True(code == 1, $"{what}: {code} {offline}");
        Assert.False((bool)offline!["valid"]!);

        // Whoever cut the end wrote over nothing: but what the vault wrote behind the cut shows the hole rather than the end.
        Assert.True((string?)offline["fault"] == fault || what.StartsWith("cut", StringComparison.Ordinal) || what.StartsWith("delete and", StringComparison.Ordinal), $"{what}: {offline}");
        Assert.True((bool)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!, $"{what} was put back.");
    }

    private async Task AssertPlanAsync(string index, string query)
    {
        var select = Assert.Single(_sql.Seen, command => command.Text.Contains("ORDER BY", StringComparison.Ordinal) && command.Text.Contains("NOT EXISTS", StringComparison.Ordinal));
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // What EF Core made of the query.
        command.CommandText = "EXPLAIN QUERY PLAN " + select.Text;
#pragma warning restore CA2100
        foreach (var (name, value) in select.Parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(3));
        }

        var text = string.Join('\n', plan);
        Assert.DoesNotContain("TEMP B-TREE", text, StringComparison.Ordinal);
        Assert.True(plan[0].Contains(index, StringComparison.Ordinal) || index == "audit", $"{query}: {text}");
        Assert.Contains("IX_audit_Id", text, StringComparison.Ordinal);
    }

    private async Task<long> QueryAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own statement.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<JsonArray> ItemsAsync(string query) => (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit" + query))!["items"]!.AsArray();

    private sealed class SqlCapture : DbCommandInterceptor
    {
        public System.Collections.Concurrent.ConcurrentBag<(string Text, (string Name, object Value)[] Parameters)> Seen { get; } = [];

        public override ValueTask<InterceptionResult<System.Data.Common.DbDataReader>> ReaderExecutingAsync(
            System.Data.Common.DbCommand command, CommandEventData eventData, InterceptionResult<System.Data.Common.DbDataReader> result, CancellationToken cancellationToken = default)
        {
            Seen.Add((command.CommandText, [.. command.Parameters.Cast<System.Data.Common.DbParameter>().Select(parameter => (parameter.ParameterName, parameter.Value ?? DBNull.Value))]));
            return ValueTask.FromResult(result);
        }
    }
}
