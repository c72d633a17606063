using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Audit;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>The records of the audit in the database.</summary>
public sealed class AuditStore(IDbContextFactory<VaultDbContext> contexts) : IAuditStore
{
    // Waiting longer for a lock would hold callouts up that had better be refused.
    private const int SecondsToWait = 2;

    /// <summary>The row of a record, for a change that is saved together with it.</summary>
    public static AuditRow ToRow(AuditEntry entry) => new()
    {
        Sequence = entry.Sequence,
        Segment = entry.Segment,
        Id = entry.Event.Id,
        At = entry.Event.At,
        Actor = entry.Event.Actor,
        Action = entry.Event.Action,
        Target = entry.Event.Target,
        Outcome = entry.Event.Outcome,
        Principal = entry.Event.Principal,
        User = entry.Event.User,
        Method = entry.Event.Method,
        Host = entry.Event.Host,
        Path = entry.Event.Path,
        Status = entry.Event.Status,
        DurationMs = entry.Event.DurationMs,
        BytesIn = entry.Event.BytesIn,
        BytesOut = entry.Event.BytesOut,
        RemoteAddress = entry.Event.RemoteAddress,
        Code = entry.Event.Code,
        TraceId = entry.Event.TraceId,
        Previous = entry.Previous,
        Hash = entry.Hash,
        Mac = entry.Mac,
    };

    /// <inheritdoc />
    public async Task<AuditHead?> HeadAsync(CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Audit.AsNoTracking().OrderByDescending(row => row.Sequence).FirstOrDefaultAsync(cancellationToken) is { } row
            ? new AuditHead(row.Sequence, row.Segment, row.Hash)
            : null;
    }

    /// <inheritdoc />
    public async Task AppendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        database.WaitAtMost(SecondsToWait);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (entries.Count > 0)
        {
            database.Audit.AddRange(entries.Select(ToRow));
            await database.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<AuditEntry> ReadAsync(long upTo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        await foreach (var row in database.Audit.AsNoTracking().Where(row => row.Sequence <= upTo).OrderBy(row => row.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            yield return ToEntry(row);
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, long? before, int count, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var all = database.Audit.AsNoTracking();
        var rows = all.Where(row => !all.Any(later => later.Id == row.Id && later.Action == row.Action && later.Target == row.Target && later.Sequence > row.Sequence));
        rows = before is { } sequence ? rows.Where(row => row.Sequence < sequence) : rows;
        rows = filter.From is { } from ? rows.Where(row => row.At >= from) : rows;
        rows = filter.To is { } to ? rows.Where(row => row.At < to) : rows;
        rows = filter.Actor is { } actor ? rows.Where(row => row.Actor == actor || row.Actor.StartsWith(actor + " (")) : rows;
        rows = filter.Action is { } action ? rows.Where(row => row.Action == action) : rows;
        rows = filter.Target is { } target ? rows.Where(row => row.Target == target) : rows;
        rows = filter.Outcome is { } outcome ? rows.Where(row => row.Outcome == outcome) : rows;
        return [.. (await rows.OrderByDescending(row => row.Sequence).Take(count).ToListAsync(cancellationToken)).Select(ToEntry)];
    }

    private static AuditEntry ToEntry(AuditRow row) => new(
        row.Sequence,
        row.Segment,
        new AuditEvent(row.Id, row.At, row.Actor, row.Action, row.Target, row.Outcome)
        {
            Principal = row.Principal,
            User = row.User,
            Method = row.Method,
            Host = row.Host,
            Path = row.Path,
            Status = row.Status,
            DurationMs = row.DurationMs,
            BytesIn = row.BytesIn,
            BytesOut = row.BytesOut,
            RemoteAddress = row.RemoteAddress,
            Code = row.Code,
            TraceId = row.TraceId,
        },
        row.Previous,
        row.Hash,
        row.Mac);
}
