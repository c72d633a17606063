using Microsoft.Data.Sqlite;
using Vault.Core.Audit;
using Xunit;

namespace Vault.Core.Tests.Storage.Sqlite;

public sealed class SqliteAuditWriterTests : IDisposable
{
    private readonly SqliteAudit _audit = new();

    public void Dispose() => _audit.Dispose();

    [Fact]
    public async Task Append_RecordsThatDiffer_EachComesBackAsItWas()
    {
        // One by one and many at once; of each column some are as in the record before, or the one of that place in the statement, and some are not.
        var all = Enumerable.Range(1, 90).Select(Entry).ToArray();
        foreach (var part in new[] { all[..1], all[1..3], all[3..19], all[19..20], all[20..73], all[73..] })
        {
            await _audit.Store.AppendAsync(part, begun: null, CancellationToken.None);
        }

        Assert.Equal(all.Select(Text), (await _audit.Store.ReadAsync(CancellationToken.None).ToListAsync()).Select(Text));
    }

    [Fact]
    public async Task Append_WhatCantBeKept_LeavesNothing_AndTheNextGoesIn()
    {
        await _audit.Store.AppendAsync([.. Enumerable.Range(1, 20).Select(Entry)], begun: null, CancellationToken.None);
        AuditEntry[] doubled = [.. Enumerable.Range(21, 20).Select(Entry), Entry(30)];
        await Assert.ThrowsAsync<SqliteException>(() => _audit.Store.AppendAsync(doubled, begun: null, CancellationToken.None));
        AuditEntry[] doubledAtOnce = [Entry(5), .. Enumerable.Range(21, 20).Select(Entry)];
        await Assert.ThrowsAsync<SqliteException>(() => _audit.Store.AppendAsync(doubledAtOnce, begun: null, CancellationToken.None));
        await _audit.Store.AppendAsync([.. Enumerable.Range(21, 20).Select(Entry)], begun: null, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 40).Select(number => Text(Entry(number))), (await _audit.Store.ReadAsync(CancellationToken.None).ToListAsync()).Select(Text));
    }

    private static AuditEntry Entry(int number)
    {
        var state = unchecked((uint)number * 2_654_435_761);
        return new AuditEntry(
            number, 1 + (number / 40),
            new AuditEvent($"id-{number}", DateTimeOffset.UnixEpoch.AddSeconds(number / 3), Of("app", "other"), Of("callout", "app.created"), Of("Name", "nämé"), Of("success", "denied"))
            {
                Principal = Of(null, "default"),
                User = Of(null, "user", ""),
                Method = Of(null, "GET", "POST"),
                Host = Of(null, "a.example", "b.example"),
                Path = Of(null, "/a", new string('ü', 2_000)),
                Status = Next(3) == 0 ? null : 200 + Next(2),
                DurationMs = Next(3) == 0 ? null : Next(3) / 10d,
                BytesIn = Next(3) == 0 ? null : Next(3),
                BytesOut = Next(3) == 0 ? null : Next(3),
                RemoteAddress = Of(null, "192.0.2.1"),
                Code = Of(null, "internal"),
                TraceId = Of(null, "0af7651916cd43dd8448eb211c80319c"),
            },
            [1, (byte)number], [2, (byte)number], [3, (byte)number]);

        T Of<T>(params T[] values) => values[Next(values.Length)];

        // The same for a number each time.
        int Next(int below)
        {
            state = unchecked((state * 1_664_525) + 1_013_904_223);
            return (int)(state >> 16) % below;
        }
    }

    private static string Text(AuditEntry entry) =>
        $"{entry.Sequence} {entry.Segment} {entry.Event} {Convert.ToHexString(entry.Previous)} {Convert.ToHexString(entry.Hash)} {Convert.ToHexString(entry.Mac)}";
}
