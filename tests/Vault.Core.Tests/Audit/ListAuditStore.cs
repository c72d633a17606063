using System.Runtime.CompilerServices;
using Vault.Core.Audit;

namespace Vault.Core.Tests.Audit;

/// <summary>Records in memory; a test may change them, and make writes fail.</summary>
internal sealed class ListAuditStore(List<AuditEntry> log) : IAuditStore
{
    /// <summary>What a write does before, and, told <c>true</c>, after it kept its records.</summary>
    public Action<bool> Writing { get; set; } = static _ => { };

    /// <summary>Which records it can't keep, however often it is asked.</summary>
    public Predicate<AuditEvent> IsBad { get; set; } = static _ => false;

    public Task<AuditHead?> HeadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(log.Count == 0 ? null : new AuditHead(log[^1].Sequence, log[^1].Segment, log[^1].Hash));

    public Task<long?> LastAsync(CancellationToken cancellationToken) => Task.FromResult(log.Count == 0 ? (long?)null : log[^1].Sequence);

    public Task<AuditEntry?> EntryAsync(long sequence, CancellationToken cancellationToken) => Task.FromResult(log.Find(entry => entry.Sequence == sequence));

    public Task AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken)
    {
        Writing(false);
        begun?.Invoke();
        if (entries.Any(entry => IsBad(entry.Event)))
        {
            throw new ArgumentException("It can't be encoded.");
        }

        log.AddRange(entries);
        Writing(true);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<AuditEvent>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.ToHashSet();
        return Task.FromResult<IReadOnlyList<AuditEvent>>([.. log.Select(entry => entry.Event).Where(audited => wanted.Contains(audited.Id))]);
    }

    public bool IsRefusal(Exception exception) => exception is ArgumentException;

    public string ReasonOf(Exception exception) => exception.Message;

    public Task PruneAsync(long upTo, AuditEntry entry, CancellationToken cancellationToken)
    {
        log.RemoveAll(other => other.Sequence <= upTo);
        log.Add(entry);
        return Task.CompletedTask;
    }

    public IAsyncEnumerable<AuditEntry> ReadReadableAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async IAsyncEnumerable<AuditEntry> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var entry in log)
        {
            yield return entry;
        }
    }

    public Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, AuditPlace place, int count, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<AuditEntry>>(
        [.. log.Where(entry => entry.Event.Action == filter.Action && entry.Sequence <= (place.Last ?? long.MaxValue) && (place.Before is null || entry.Sequence < place.Before)).OrderByDescending(entry => entry.Sequence).Take(count)]);
}
