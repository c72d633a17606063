using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>What became of records.</summary>
internal enum AppendOutcome
{
    /// <summary>All of them are durable.</summary>
    Kept,

    /// <summary>None is: the database couldn't do it now.</summary>
    Failed,

    /// <summary>None is, and it would be so again: one of them is at fault.</summary>
    Refused,

    /// <summary>None is: the end of the audit isn't as this process left it.</summary>
    Cut,
}

/// <summary>
/// Appends records to the chain. After a failure whatever is tried next is a record, <c>audit.resumed</c> (that a transaction can be begun doesn't
/// say that there is room for one), and records that were written all the same, though nobody heard of it, aren't written twice; nor is any
/// record of a spool, whatever became of those before it.
/// </summary>
internal sealed partial class AuditAppender
{
    // Of callouts that come many at a time, each would wait for an answer that is as old as this when it has it.
    private const int ManyAtOnce = 8;
    private static readonly TimeSpan StillKnown = TimeSpan.FromMilliseconds(1);

    // A write that takes longer may hang, and then nobody knows what becomes of it.
    private static readonly TimeSpan LongestWrite = TimeSpan.FromMilliseconds(50);

    // Each refused callout has one try and more.
    private static readonly TimeSpan SaidEvery = TimeSpan.FromMinutes(1);

    private readonly IAuditStore _store;
    private readonly AuditTail _tail;
    private readonly TimeProvider _time;
    private readonly AuditMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action _begun;
    private long _writingSince;
    private int _failures;
    private int _lost;
    private long _keptMany;
    private readonly Lock _saying = new();
    private (long At, bool IsCut)? _said;
    private int _unsaid;
    private long? _saidLost;
    private int _unsaidLost;

    /// <summary>Takes what it needs.</summary>
    public AuditAppender(IAuditStore store, AuditTail tail, TimeProvider time, AuditMetrics metrics, ILogger logger)
    {
        (_store, _tail, _time, _metrics, _logger) = (store, tail, time, metrics, logger);
        _begun = () => Volatile.Write(ref _writingSince, _time.GetTimestamp());
    }

    /// <summary>Whether the last try failed, or records were lost since.</summary>
    public bool HasFailed => Volatile.Read(ref _failures) != 0;

    /// <summary>
    /// Whether this process holds the database's lock to write at this moment, and not for long, and there is room; or held it, and kept many records,
    /// within the last millisecond.
    /// </summary>
    public bool IsWriting => IsWithin(LongestWrite, Volatile.Read(ref _writingSince)) || IsWithin(StillKnown, Volatile.Read(ref _keptMany));

    /// <summary>Something couldn't be kept: the next records are told apart from those before.</summary>
    public void NoteFailure() => Volatile.Write(ref _failures, 1);

    /// <summary>A record is gone; the next one tells of it.</summary>
    public void Lose(AuditEvent audited)
    {
        Interlocked.Increment(ref _lost);
        NoteFailure();
        _metrics.Lost();
        lock (_saying)
        {
            _unsaidLost++;
            if (_saidLost is not { } said || _time.GetElapsedTime(said) >= SaidEvery)
            {
                LogLost(_logger, audited.Action, _unsaidLost);
                (_saidLost, _unsaidLost) = (_time.GetTimestamp(), 0);
            }
        }
    }

    /// <summary>Appends records in one transaction.</summary>
    /// <param name="events">None: finds out whether it could be done.</param>
    /// <param name="spooled">How many records wait in the spool, these included.</param>
    /// <param name="cancellationToken">How long there is.</param>
    public Task<AppendOutcome> AppendAsync(AuditEvent[] events, long spooled, CancellationToken cancellationToken) =>
        AppendAsync(events, spooled, mayBeThere: spooled > 0, cancellationToken);

    private async Task<AppendOutcome> AppendAsync(AuditEvent[] events, long spooled, bool mayBeThere, CancellationToken cancellationToken)
    {
        try
        {
            await using var turn = await _tail.TakeTurnAsync(cancellationToken);
            var lost = Volatile.Read(ref _lost);
            var isResuming = HasFailed;
            var due = isResuming || mayBeThere ? await NewAsync(events, cancellationToken) : events;
            AuditEvent[] all = isResuming ? [Resumed(lost, spooled), .. due] : due;
            var started = _time.GetTimestamp();
            await _store.AppendAsync(Array.ConvertAll(all, turn.Next), _begun, cancellationToken);
            turn.Done();
            if (all.Length >= ManyAtOnce && Volatile.Read(ref _writingSince) != 0)
            {
                Volatile.Write(ref _keptMany, _time.GetTimestamp());
            }

            _metrics.Committed(all.Length, _time.GetElapsedTime(started));
            Volatile.Write(ref _failures, 0);
            if (Interlocked.Add(ref _lost, -lost) > 0)
            {
                // Some were lost while this went well: the next record tells of them.
                NoteFailure();
            }

            return AppendOutcome.Kept;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: those who wait refuse what they were about to do.
            if (events.Length > 0 && _store.IsRefusal(exception))
            {
                return AppendOutcome.Refused;
            }

            if (spooled == 0 || exception is AuditCutException)
            {
                SayNotKept(events.Length, exception);
            }

            NoteFailure();
            return exception is AuditCutException ? AppendOutcome.Cut : AppendOutcome.Failed;
        }
        finally
        {
            Volatile.Write(ref _writingSince, 0);
        }
    }

    /// <summary>Appends a record by itself: where it can't be kept as it is, one that says so in its place.</summary>
    /// <param name="audited">The record.</param>
    /// <param name="spooled">How many records wait in the spool, this one included.</param>
    /// <param name="mayBeThere">Whether it may have been written, though nobody heard of it.</param>
    /// <param name="cancellationToken">How long there is.</param>
    /// <returns>What became of the record, and what is still to be kept.</returns>
    public async Task<(AppendOutcome Outcome, AuditEvent? Unkept)> AppendAloneAsync(AuditEvent audited, long spooled, bool mayBeThere, CancellationToken cancellationToken)
    {
        var outcome = await AppendAsync([audited], spooled, mayBeThere, cancellationToken);
        if (outcome is not AppendOutcome.Refused)
        {
            return (outcome, outcome is AppendOutcome.Kept ? null : audited);
        }

        LogReplaced(_logger, audited.Action);
        var replacement = _tail.Own("audit.replaced", audited.Action) with { At = audited.At, Outcome = AuditOutcomes.Failed };
        return (outcome, await AppendAsync([replacement], spooled, cancellationToken) is AppendOutcome.Kept ? null : replacement);
    }

    private bool IsWithin(TimeSpan longest, long since) => since != 0 && _time.GetElapsedTime(since) < longest;

    // A disk that is nearly full takes one record and not the next: what went well in between doesn't make it news.
    private void SayNotKept(int count, Exception exception)
    {
        lock (_saying)
        {
            _unsaid++;
            var isCut = exception is AuditCutException;
            if (_said is not { } said || isCut != said.IsCut || _time.GetElapsedTime(said.At) >= SaidEvery)
            {
                LogNotKept(_logger, count, _store.ReasonOf(exception), _unsaid);
                (_said, _unsaid) = ((_time.GetTimestamp(), isCut), 0);
            }
        }
    }

    private AuditEvent Resumed(int lost, long spooled)
    {
        var what = spooled > 0 ? $"vault ({spooled} records from the spool)" : "vault";
        return _tail.Own("audit.resumed", lost == 0 ? what : $"vault ({lost} records lost)");
    }

    // Of a write that failed nobody knows whether it happened; whoever has the turn can tell.
    private async Task<AuditEvent[]> NewAsync(AuditEvent[] events, CancellationToken cancellationToken)
    {
        if (events.Length == 0)
        {
            return events;
        }

        var known = (await _store.OfIdsAsync([.. events.Select(audited => audited.Id).Distinct()], cancellationToken)).Select(AuditChain.Normal).ToHashSet();
        return [.. events.Where(audited => known.Add(AuditChain.Normal(audited)))];
    }

    [LoggerMessage(6001, LogLevel.Error, "{Count} audit records could not be kept ({Fault}); callouts are refused until they can, unless Vault:Audit:Spool keeps them. {Tries} tries failed since this was last said, at most once a minute.")]
    private static partial void LogNotKept(ILogger logger, int count, string fault, int tries);

    [LoggerMessage(6009, LogLevel.Critical, "An audit record of {Action} can't be kept as it is, by itself; one that says so was put in its place.")]
    private static partial void LogReplaced(ILogger logger, string action);

    [LoggerMessage(6002, LogLevel.Error, "An audit record of {Action} was lost: too many wait ({Count} since this was last said).")]
    private static partial void LogLost(ILogger logger, string action, int count);
}
