using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>
/// What a start of the vault finds of the audit, held against what the last one left: the mark of the end and the signed checkpoints.
/// It signs what it found before it writes anything, so that a cut that was made while the vault was down stays visible for good.
/// Where replicas share a database, a directory that holds neither is that of a new one.
/// </summary>
public sealed partial class AuditBeginning(AuditOptions options, IAuditStore store, AuditChain chain, AuditCheckpoints checkpoints, AuditMark mark, TimeProvider time, ILogger<AuditBeginning> logger)
{
    // A vault that is off for so long, or whose clock is that far ahead, is told from one that restarts.
    private static readonly TimeSpan LongSilence = TimeSpan.FromDays(1);

    /// <summary>Finds the end of the chain; the fault says what doesn't fit, one of <see cref="AuditFaults"/>, null: nothing.</summary>
    public async Task<(AuditHead Head, string? Fault)> FindAsync(CancellationToken cancellationToken)
    {
        var marked = mark.Read();
        var head = await store.HeadAsync(cancellationToken) ?? AuditChain.Beginning;
        var signed = await checkpoints.OpenAsync(marked?.Checkpoints ?? 0, cancellationToken);
        var isNew = marked is null && (options.IsShared ? signed.Lines.Count == 0 : head.Sequence == 0 && signed.Lines.All(line => line.Sequence == 0));
        var isForged = await IsForgedAsync(head, marked?.Head, cancellationToken);
        var fault = isNew ? (isForged ? AuditFaults.Forged : null)
            : await LacksAsync(head, marked?.Head, cancellationToken) ?? await LacksAsync(head, signed.Problem is null ? signed.Lines[^1].Head : null, cancellationToken)
            ?? (isForged ? AuditFaults.Forged : marked is null || signed.Problem is not null || signed.Lines.Count < marked.Checkpoints ? AuditFaults.Checkpoints : null);
        var now = time.GetUtcNow();
        var count = Math.Max(marked?.Checkpoints ?? 0, signed.Lines.Count);
        if (fault is not null)
        {
            LogNotAsLeft(logger, fault);
            if (marked is not null && !marked.Head.Is(head) && !(signed.Problem is null && signed.Lines[^1].Head.Is(marked.Head)))
            {
                // The mark is about to be written over: what it said is signed first.
                count = await checkpoints.AddAsync(marked.Head, now);
            }
        }

        // What the vault didn't write it doesn't sign for either.
        if (!isForged && (fault is not null || signed.Lines.Count == 0 || !signed.Lines[^1].Head.Is(head)))
        {
            count = await checkpoints.AddAsync(head, now);
        }

        mark.Set(count);
        if (options.RetentionDays is not null && await store.EntryAsync(head.Sequence, cancellationToken) is { IsUnreadable: false } newest && now - newest.Event.At > LongSilence)
        {
            LogClock(logger, now, newest.Event.At);
        }

        return (head, fault);
    }

    // Whether the database lacks a record that was known.
    private async Task<string?> LacksAsync(AuditHead head, AuditHead? known, CancellationToken cancellationToken)
    {
        if (known is null || known.Sequence == 0 || known.Is(head))
        {
            return null;
        }

        return known.Sequence > head.Sequence ? AuditFaults.Truncated
            : await store.EntryAsync(known.Sequence, cancellationToken) is not { } entry || entry.Hash.AsSpan().SequenceEqual(known.Hash) ? null
            : entry.IsUnreadable ? AuditFaults.Modified
            : AuditFaults.Forked;
    }

    // Whether something else than the vault wrote the last record.
    private async Task<bool> IsForgedAsync(AuditHead head, AuditHead? marked, CancellationToken cancellationToken) =>
        !head.Is(AuditChain.Beginning) && marked?.Is(head) is not true
        && !(await store.EntryAsync(head.Sequence, cancellationToken) is { } entry && chain.IsAuthentic(entry) && AuditChain.IsOf(entry, head.Sequence));

    [LoggerMessage(6016, LogLevel.Warning, "It is {Now:O} by this machine's clock, and the audit's newest record is of {Newest:O}. If the clock is wrong, set it right within an hour: then Vault:Audit:RetentionDays begins to remove what is old by it.")]
    private static partial void LogClock(ILogger logger, DateTimeOffset now, DateTimeOffset newest);

    [LoggerMessage(6004, LogLevel.Critical, "The audit is not as this vault left it: {Fault}. `audit verify` says more.")]
    private static partial void LogNotAsLeft(ILogger logger, string fault);
}
