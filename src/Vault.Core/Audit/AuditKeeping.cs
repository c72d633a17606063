using Microsoft.Extensions.Logging;
using Vault.Core.Audit.Spools;

namespace Vault.Core.Audit;

/// <summary>
/// Makes batches of records durable: in the chain or, while the database is away and there is a spool, on local disk. What can be kept in
/// neither waits in memory for the next try; whoever waited for it was told.
/// </summary>
internal sealed partial class AuditKeeping(AuditAppender appender, AuditSpool? spool, TimeProvider time, ILogger logger) : IDisposable
{
    private const int MostWaiting = 20_000;

    /// <summary>Where records can be kept on disk, nobody waits longer for the database.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Queue<AuditEvent> _unkept = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _isCut;

    /// <summary>How many records wait in memory.</summary>
    public int Unkept => _unkept.Count;

    /// <summary>Whether records can be kept, as far as is known.</summary>
    public bool IsKeeping => spool is not { IsInUse: true } ? !appender.HasFailed
        : !Volatile.Read(ref _isCut) && spool.HasRoom(isAway: appender.HasFailed);

    /// <summary>Whether records go to the database itself, as far as is known.</summary>
    public bool IsInDatabase => !appender.HasFailed && spool is not { IsInUse: true };

    /// <summary>Whether it is known that a record could be kept now.</summary>
    public bool IsSure => spool is not { IsInUse: true } && appender.IsWriting && !appender.HasFailed;

    /// <summary>Makes a batch durable, and tells who waits; never fails.</summary>
    public async Task AppendAsync(IReadOnlyList<AuditWaiting> batch)
    {
        await _turn.WaitAsync();
        try
        {
            if (spool is { IsInUse: true })
            {
                Spool(spool, batch);
                return;
            }

            if (_unkept.Count > 0)
            {
                appender.NoteFailure();
            }

            using var limit = spool is null ? null : new CancellationTokenSource(Patience, time);
            var outcome = await appender.AppendAsync([.. _unkept, .. EventsOf(batch)], 0, limit?.Token ?? CancellationToken.None);
            Volatile.Write(ref _isCut, outcome is AppendOutcome.Cut);
            switch (outcome)
            {
                case AppendOutcome.Kept:
                    _unkept.Clear();
                    Tell(batch, isKept: true);
                    break;
                case AppendOutcome.Refused:
                    await AppendAloneAsync(batch, limit?.Token ?? CancellationToken.None);
                    break;
                case AppendOutcome.Failed when spool is not null && spool.TryBegin():
                    LogSpooling(logger);
                    Spool(spool, batch);
                    break;
                default:
                    // The next batch tries anew, with these records too, since what they tell of happened.
                    Keep(EventsOf(batch));
                    Tell(batch, isKept: false);
                    break;
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: whoever waits is told, and the next batch is tried. What may be kept already isn't written twice.
            LogBroken(logger, exception.GetType().Name);
            Keep(EventsOf(batch));
            Tell(batch, isKept: false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Does something while no batch is made durable.</summary>
    public async Task<T> AloneAsync<T>(Func<Task<T>> action)
    {
        await _turn.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whether the end of the audit was found not to be as this process left it.</summary>
    public void NoteCut(bool isCut) => Volatile.Write(ref _isCut, isCut);

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private static AuditEvent[] EventsOf(IReadOnlyList<AuditWaiting> batch) => [.. batch.Select(waiting => waiting.Event).OfType<AuditEvent>()];

    private static bool IsIntent(AuditWaiting waiting) => waiting.Event is { Outcome: AuditOutcomes.Intent };

    private static void Tell(IReadOnlyList<AuditWaiting> batch, bool isKept)
    {
        foreach (var waiting in batch)
        {
            waiting.Kept?.TrySetResult(isKept);
        }
    }

    private void Spool(AuditSpool open, IReadOnlyList<AuditWaiting> batch)
    {
        // An intent begins something, as a question does; what was begun may use what is left of the spool.
        if (!IsKeeping && batch.Any(IsIntent))
        {
            Tell([.. batch.Where(IsIntent)], isKept: false);
            batch = [.. batch.Where(waiting => !IsIntent(waiting))];
        }

        AuditEvent[] events = EventsOf(batch), all = [.. _unkept, .. events];
        var isKept = all.Length == 0 || open.TryAdd(all);
        if (isKept)
        {
            _unkept.Clear();
        }
        else
        {
            Keep(events);
        }

        // What is under way may use what is left; nothing more begins by it.
        var mayBegin = isKept && IsKeeping;
        foreach (var waiting in batch)
        {
            waiting.Kept?.TrySetResult(waiting.Event is null ? mayBegin : isKept);
        }
    }

    // One of them can't be kept, and must not stand in the way of the others: each by itself, and in the place of that one a record that says so.
    private async Task AppendAloneAsync(IReadOnlyList<AuditWaiting> batch, CancellationToken cancellationToken)
    {
        AuditWaiting[] all = [.. _unkept.Select(audited => new AuditWaiting(audited, null)), .. batch];
        _unkept.Clear();

        // The first that goes well ends the failure, but not the doubt about those after it.
        var isDoubtful = appender.HasFailed;
        foreach (var waiting in all)
        {
            if (waiting.Event is not { } audited)
            {
                waiting.Kept?.TrySetResult(await appender.AppendAsync([], 0, cancellationToken) is AppendOutcome.Kept);
                continue;
            }

            var (outcome, unkept) = await appender.AppendAloneAsync(audited, 0, isDoubtful, cancellationToken);
            waiting.Kept?.TrySetResult(outcome is AppendOutcome.Kept);
            if (unkept is not null)
            {
                Keep([unkept]);
            }
        }
    }

    private void Keep(AuditEvent[] events)
    {
        appender.NoteFailure();
        foreach (var audited in events)
        {
            if (_unkept.Count < MostWaiting)
            {
                _unkept.Enqueue(audited);
            }
            else
            {
                appender.Lose(audited);
            }
        }
    }

    [LoggerMessage(6010, LogLevel.Warning, "The database is away: audit records are kept in Vault:Audit:Spool, and callouts go on by what this process knows.")]
    private static partial void LogSpooling(ILogger logger);

    [LoggerMessage(6015, LogLevel.Critical, "Audit records could not be kept, for a reason that nobody foresaw ({Fault}); callouts that waited for them are refused.")]
    private static partial void LogBroken(ILogger logger, string fault);
}
