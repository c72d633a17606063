using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Vault.Core.Audit;
using Vault.Core.Tests.Storage.Sqlite;
using Xunit;

namespace Vault.Core.Tests.Storage;

public sealed class AuditStoreTests : IDisposable
{
    private readonly SqliteAudit _audit = new();

    public void Dispose() => _audit.Dispose();

    [Fact]
    public async Task Read_EndsWhereTheAuditEndedWhenItBegan_HoweverManyComeMeanwhile()
    {
        await AppendAsync(1, 700);
        var next = 701;
        List<long> read = [];
        await foreach (var entry in _audit.Store.ReadReadableAsync(CancellationToken.None))
        {
            read.Add(entry.Sequence);
            if (read.Count % 100 == 1)
            {
                await AppendAsync(next, 600);
                next += 600;
            }
        }

        Assert.Equal(Enumerable.Range(1, 700).Select(number => (long)number), read);
    }

    [Fact]
    public async Task Read_APageThatIsPrunedWhileItIsReadOneByOne_GoesOnBehindIt()
    {
        await AppendAsync(1, 1_200);

        // No status is that large.
        await _audit.ExecuteAsync("UPDATE audit SET \"Status\" = 99999999999 WHERE \"Sequence\" = 20");
        _audit.Interceptor = new Pruning(command => command.StartsWith("SELECT \"a\".\"Sequence\"\n", StringComparison.Ordinal), "DELETE FROM audit WHERE \"Sequence\" <= 600");
        var read = await _audit.Store.ReadReadableAsync(CancellationToken.None).Select(entry => entry.Sequence).ToListAsync();
        Assert.Equal(Enumerable.Range(601, 600).Select(number => (long)number), read);
    }

    [Fact]
    public async Task Read_BeginsWithTheLeastNumberThatThereIs_AndEndsWithTheGreatest()
    {
        await AppendAsync(1, 600);
        await _audit.ExecuteAsync($"UPDATE audit SET \"Sequence\" = {long.MinValue} WHERE \"Sequence\" = 2; UPDATE audit SET \"Sequence\" = {long.MaxValue} WHERE \"Sequence\" = 1");
        var read = await _audit.Store.ReadAsync(CancellationToken.None).Select(entry => entry.Sequence).ToListAsync();
        Assert.Equal([long.MinValue, .. Enumerable.Range(3, 598), long.MaxValue], read);
    }

    [Fact]
    public async Task Head_OfARecordThatCantBeRead_IsKnown()
    {
        await AppendAsync(1, 3);
        await _audit.ExecuteAsync("UPDATE audit SET \"Status\" = 99999999999 WHERE \"Sequence\" = 3");
        Assert.Equal(3, (await _audit.Store.HeadAsync(CancellationToken.None))?.Sequence);
        Assert.Equal(["callout", "callout", "audit.unreadable"], await _audit.Store.ReadReadableAsync(CancellationToken.None).Select(entry => entry.Event.Action).ToListAsync());
    }

    private Task AppendAsync(int first, int count) => _audit.Store.AppendAsync(
        [.. Enumerable.Range(first, count).Select(number => new AuditEntry(number, 1, new AuditEvent($"id-{number}", DateTimeOffset.UnixEpoch, "app", "callout", "Name", "success"), [1], [2], [3]))],
        begun: null,
        CancellationToken.None);

    /// <summary>Removes rows right after a query read which there are, once.</summary>
    private sealed class Pruning(Predicate<string> isIt, string sql) : DbCommandInterceptor
    {
        private bool _isDone;

        public override async ValueTask<InterceptionResult> DataReaderClosingAsync(DbCommand command, DataReaderClosingEventData eventData, InterceptionResult result)
        {
            if (!_isDone && isIt(command.CommandText))
            {
                _isDone = true;
                await eventData.DataReader.CloseAsync();
                await using var prune = command.Connection!.CreateCommand();
                prune.CommandText = sql;
                await prune.ExecuteNonQueryAsync();
            }

            return result;
        }
    }
}
