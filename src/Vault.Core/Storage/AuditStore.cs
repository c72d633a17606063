using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Audit;
using Vault.Core.Storage.Mappings;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>The records of the audit in the database.</summary>
internal sealed class AuditStore(IDbContextFactory<VaultDbContext> contexts, IAuditWriter writer) : IAuditStore
{
    private const int PageSize = 500;

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
        return await database.Audit.OrderByDescending(row => row.Sequence).Select(row => new AuditHead(row.Sequence, row.Segment, row.Hash)).FirstOrDefaultAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async Task<long?> LastAsync(CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Audit.MaxAsync(row => (long?)row.Sequence, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<AuditEntry?> EntryAsync(long sequence, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await RowAsync(database, sequence, cancellationToken) is { } row ? ToEntry(row) : null;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AuditEvent>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        [.. (await writer.OfIdsAsync(ids, cancellationToken)).Select(row => ToEntry(row).Event)];

    /// <inheritdoc />
    public Task AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken) =>
        writer.AppendAsync(entries, begun, cancellationToken).AsTask();

    /// <inheritdoc />
    public bool IsRefusal(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            // 22: what was sent can't be kept as it is (SQL's class of data exceptions).
            if (current is EncoderFallbackException or DbException { SqlState: ['2', '2', ..] })
            {
                return true;
            }
        }

        return !(exception is AuditCutException or OperationCanceledException or ObjectDisposedException or UnauthorizedAccessException || StorageFaults.IsUnavailable(exception));
    }

    /// <inheritdoc />
    public string ReasonOf(Exception exception) => StorageFaults.Reason(exception);

    /// <inheritdoc />
    public async Task PruneAsync(long upTo, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Audit.Where(row => row.Sequence <= upTo).ExecuteDeleteAsync(cancellationToken);
        database.Audit.Add(ToRow(entry));
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public IAsyncEnumerable<AuditEntry> ReadAsync(CancellationToken cancellationToken) => ReadAsync(isForPeople: false, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<AuditEntry> ReadReadableAsync(CancellationToken cancellationToken) => ReadAsync(isForPeople: true, cancellationToken);

    private async IAsyncEnumerable<AuditEntry> ReadAsync(bool isForPeople, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = await LastAsync(cancellationToken);

        // From whatever number a row has: somebody else may have written it.
        long? after = null;
        while (after != last)
        {
            List<AuditRow> page;
            await using (var database = await contexts.CreateDbContextAsync(cancellationToken))
            {
                var rows = database.Audit.AsNoTracking().Where(row => row.Sequence <= last);
                var next = (after is { } before ? rows.Where(row => row.Sequence > before) : rows).OrderBy(row => row.Sequence).Take(PageSize);
                try
                {
                    page = await next.ToListAsync(cancellationToken);
                    after = page.Count < PageSize ? last : page[^1].Sequence;
                }
                catch (Exception exception) when (isForPeople && UndecodableRows.IsOne(exception))
                {
                    // However many of them are pruned before they are read, those behind them are there.
                    var sequences = await next.Select(row => row.Sequence).ToListAsync(cancellationToken);
                    page = await RowsAsync(database, sequences, cancellationToken);
                    after = sequences.Count < PageSize ? last : sequences[^1];
                }
            }

            foreach (var row in page)
            {
                yield return ToEntry(isForPeople ? Readable(row) : row);
            }
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, AuditPlace place, int count, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var all = database.Audit.AsNoTracking();
        var last = place.Last ?? long.MaxValue;
        if (place.Before is long.MinValue)
        {
            return [];
        }

        // Action and target as one text: as columns, the planner would look for the later record among all of that target.
        // Only callouts and tunnels have a second record; a document of definitions has thousands of one id, which need not be compared with each other.
        var rows = all.Where(row => (row.Action != AuditMapping.CommonAction && row.Action != AuditActions.Tunnel) || !all.Any(later => later.Id == row.Id && later.Sequence > row.Sequence && later.Sequence <= last && later.Action + " " + later.Target == row.Action + " " + row.Target));

        // One bound: of several, the database would begin to read at any.
        var upTo = place.Before is { } before && before <= last ? before - 1 : last;
        if (filter.From is not null || filter.To is not null)
        {
            // Records are in the order of their ends, not of their times; these are the ones between which all of that time lie.
            var from = filter.From ?? DateTimeOffset.MinValue;
            var to = filter.To ?? DateTimeOffset.MaxValue;
            long fromTicks = from.UtcTicks, toTicks = to.UtcTicks;
            var bounds = (await database.Database.SqlQuery<Bounds>(
                $"""SELECT MIN("Sequence") AS "Least", MAX("Sequence") AS "Most" FROM audit WHERE "At" >= {fromTicks} AND "At" < {toTicks}""").ToListAsync(cancellationToken)).Single();
            if (bounds is not { Least: { } least, Most: { } most })
            {
                return [];
            }

            upTo = Math.Min(upTo, most);
            rows = rows.Where(row => row.Sequence >= least && row.At >= from && row.At < to);
        }

        // What is rare has an index of its own: the terms that say so are what lets the database use it.
        rows = rows.Where(row => row.Sequence <= upTo);
        rows = filter.Target is { } target ? rows.Where(row => row.Target == target) : rows;
        rows = filter.Action is { } action ? rows.Where(row => row.Action == action) : rows;
        rows = filter.Action is not (null or AuditMapping.CommonAction) ? rows.Where(row => row.Action != AuditMapping.CommonAction) : rows;
        rows = filter.Outcome is { } outcome ? rows.Where(row => row.Outcome == outcome) : rows;
        rows = filter.Outcome is not (null or AuditOutcomes.Success) ? rows.Where(row => row.Outcome != AuditOutcomes.Success) : rows;
        if (filter.Actor is not { } actor)
        {
            return [.. (await NewestAsync(rows)).Select(ToEntry)];
        }

        // Of an app also what was called with tokens, whose identity stands behind its name: `App (issuer:subject)`. Apart, so that
        // each has an index to go by; nearly always there is no such record.
        string first = actor + " (", end = actor + " )";
        var found = await NewestAsync(rows.Where(row => row.Actor == actor));
        if (await all.AnyAsync(row => string.Compare(row.Actor, first) >= 0 && string.Compare(row.Actor, end) < 0, cancellationToken))
        {
            found.AddRange(await NewestAsync(rows.Where(row => string.Compare(row.Actor, first) >= 0 && string.Compare(row.Actor, end) < 0)));
        }

        return [.. found.OrderByDescending(row => row.Sequence).Take(count).Select(ToEntry)];

        Task<List<AuditRow>> NewestAsync(IQueryable<AuditRow> query) => ReadableAsync(database, query.OrderByDescending(row => row.Sequence).Take(count), cancellationToken);
    }

    // Whoever can write one column of one row must not hide all that is read together with it.
    private static async Task<List<AuditRow>> ReadableAsync(VaultDbContext database, IQueryable<AuditRow> query, CancellationToken cancellationToken)
    {
        try
        {
            return (await query.ToListAsync(cancellationToken)).ConvertAll(Readable);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            return await RowsAsync(database, await query.Select(row => row.Sequence).ToListAsync(cancellationToken), cancellationToken);
        }
    }

    // Those that are still there, one by one.
    private static async Task<List<AuditRow>> RowsAsync(VaultDbContext database, List<long> sequences, CancellationToken cancellationToken)
    {
        var rows = new List<AuditRow>(sequences.Count);
        foreach (var sequence in sequences)
        {
            if (await RowAsync(database, sequence, cancellationToken) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    // Null: it was pruned meanwhile.
    private static async Task<AuditRow?> RowAsync(VaultDbContext database, long sequence, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Audit.AsNoTracking().SingleOrDefaultAsync(row => row.Sequence == sequence, cancellationToken) is { } row ? Readable(row) : null;
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            return Unreadable(sequence);
        }
    }

    // The column takes NULL, which no record has.
    private static AuditRow Readable(AuditRow row) => row.Id is null ? Unreadable(row.Sequence) : row;

    private static AuditRow Unreadable(long sequence) => new()
    {
        Sequence = sequence,
        Id = "",
        At = DateTimeOffset.UnixEpoch,
        Actor = "unknown",
        Action = AuditActions.Unreadable,
        Target = "",
        Outcome = AuditOutcomes.Failed,
        Code = "unreadable",
        Previous = [],
        Hash = [],
        Mac = [],
    };

    private sealed record Bounds(long? Least, long? Most);

    /// <summary>The record of a row.</summary>
    public static AuditEntry ToEntry(AuditRow row) => new(
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
