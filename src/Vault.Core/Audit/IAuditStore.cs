namespace Vault.Core.Audit;

/// <summary>Which records to list; null: any.</summary>
/// <param name="From">From this time on.</param>
/// <param name="To">Before this time.</param>
/// <param name="Actor">The actor.</param>
/// <param name="Action">The action.</param>
/// <param name="Target">The target.</param>
/// <param name="Outcome">The outcome.</param>
public sealed record AuditFilter(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Actor = null, string? Action = null, string? Target = null, string? Outcome = null);

/// <summary>A place in a list of records, newest first.</summary>
/// <param name="Last">The newest record of the list: what came after it isn't in the list, nor does it stand for one that is; null: there is no such bound.</param>
/// <param name="Before">The record that the page before ended with; null: this is the first page.</param>
public readonly record struct AuditPlace(long? Last = null, long? Before = null);

/// <summary>Where records are kept; implemented by Storage.</summary>
public interface IAuditStore
{
    /// <summary>The last record; null: none.</summary>
    Task<AuditHead?> HeadAsync(CancellationToken cancellationToken);

    /// <summary>The number of the last record, whether it can be read or not; null: none.</summary>
    Task<long?> LastAsync(CancellationToken cancellationToken);

    /// <summary>The record of this number, as in <see cref="ReadReadableAsync"/>; null: none.</summary>
    Task<AuditEntry?> EntryAsync(long sequence, CancellationToken cancellationToken);

    /// <summary>What the records of these ids tell of; whoever has the turn to write sees all that was ever committed.</summary>
    Task<IReadOnlyList<AuditEvent>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Appends records in one transaction; durable when it returns. None: finds out whether it could be done.</summary>
    /// <param name="entries">The records.</param>
    /// <param name="begun">Told once the lock to write is held and there is room for more; null: nobody wants to know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken);

    /// <summary>Whether <see cref="AppendAsync"/> failed because of what the records hold: it would fail again, however well the database is.</summary>
    bool IsRefusal(Exception exception);

    /// <summary>Why it failed, in words that hold no value: the database's own where it answered, the system's where it was a file.</summary>
    string ReasonOf(Exception exception);

    /// <summary>Removes all records up to one, and appends the one that tells of it, in one transaction.</summary>
    Task PruneAsync(long upTo, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>All records that there are when it begins, in their order. They are read in pages: nothing is held up by a slow reader.</summary>
    IAsyncEnumerable<AuditEntry> ReadAsync(CancellationToken cancellationToken);

    /// <summary>The same for people: in the place of a record that something else made unreadable stands one of the action <c>audit.unreadable</c>.</summary>
    IAsyncEnumerable<AuditEntry> ReadReadableAsync(CancellationToken cancellationToken);

    /// <summary>Records, newest first; of those of one callout, the last. What can't be read is as in <see cref="ReadReadableAsync"/>.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="place">Only those before this place.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, AuditPlace place, int count, CancellationToken cancellationToken);
}
