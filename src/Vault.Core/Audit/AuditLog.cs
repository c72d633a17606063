using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>
/// Writes the audit: one record after the other, many in one transaction. Whoever has to wait for a record waits for the
/// transaction; if it fails nothing of it is kept, all who wait are told, and the next try writes what is still due first.
/// </summary>
public sealed partial class AuditLog : BackgroundService
{
    private const int MostInBatch = 2_048;
    private const int MostWaiting = 20_000;
    private const int CheckpointAfter = 1_000;
    private static readonly TimeSpan CheckpointPace = TimeSpan.FromSeconds(60);

    // Records that nobody waits for gather for so long: a transaction for each costs more than the callout that it tells of.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(MostWaiting);

    // Records that couldn't be kept yet; whoever waited for one was told so.
    private readonly Queue<AuditEvent> _unkept = new();
    private static readonly Task<bool> Yes = Task.FromResult(true);
    private readonly IAuditStore _store;
    private readonly AuditTail _tail;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLog> _logger;
    private readonly AuditMetrics _metrics;
    private readonly Action _begun;

    // Released when somebody comes who waits.
    private readonly SemaphoreSlim _hurry = new(0);
    private bool _isWriting;
    private int _failures;
    private int _lost;
    private Task? _stopped;

    /// <summary>Takes what it needs; nothing is read or written yet.</summary>
    public AuditLog(IAuditStore store, AuditTail tail, TimeProvider time, IMeterFactory meters, ILogger<AuditLog> logger)
    {
        (_store, _tail, _time, _logger) = (store, tail, time, logger);
        _begun = () => Volatile.Write(ref _isWriting, true);
        _metrics = new AuditMetrics(meters, () => _queue.Reader.Count + _unkept.Count, () => IsKeeping);
    }

    /// <summary>A record, and somebody who waits for it; without a record, for word that records can be kept.</summary>
    private readonly record struct Waiting(AuditEvent? Event, TaskCompletionSource<bool>? Kept);

    private enum Outcome
    {
        /// <summary>All of them.</summary>
        Kept,

        /// <summary>None: the database couldn't do it now.</summary>
        Failed,

        /// <summary>None, and it would be so again: one of them is at fault.</summary>
        Refused,
    }

    /// <summary>Whether the last try to keep records went well.</summary>
    public bool IsKeeping => Volatile.Read(ref _failures) == 0;

    /// <summary>Keeps a record; false where it can't be kept now.</summary>
    public Task<bool> WriteAsync(AuditEvent audited) => EnqueueAsync(audited);

    /// <summary>Keeps a record soon.</summary>
    public void Note(AuditEvent audited)
    {
        if (!_queue.Writer.TryWrite(new Waiting(audited, null)))
        {
            Lose(audited);
        }
    }

    /// <summary>Whether a record could be kept now. While this process itself holds the database's lock to write, that is known.</summary>
    public Task<bool> CanWriteAsync() => Volatile.Read(ref _isWriting) && IsKeeping ? Yes : EnqueueAsync(null);

    /// <summary>Ends with the last record and a checkpoint; whoever stops the vault a second time waits for the same.</summary>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_queue)
        {
            return _stopped ??= StopOnceAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _hurry.Dispose();
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(DrainAsync(), KeepCheckpointsAsync(stoppingToken));

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        await AppendAsync([new Waiting(_tail.Own("audit.stopped"), null)]);
        await _tail.SignAsync();
    }

    private async Task DrainAsync()
    {
        var batch = new List<Waiting>(MostInBatch);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            Take();
            if (batch.TrueForAll(waiting => waiting.Kept is null) && !_queue.Reader.Completion.IsCompleted)
            {
                await _hurry.WaitAsync(Gathering);
                Take();
            }

            await AppendAsync(batch);
            batch.Clear();
            if (_tail.Unsigned >= CheckpointAfter)
            {
                await _tail.SignAsync();
            }
        }

        void Take()
        {
            while (batch.Count < MostInBatch && _queue.Reader.TryRead(out var waiting))
            {
                batch.Add(waiting);
            }
        }
    }

    private async Task KeepCheckpointsAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckpointPace, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (!IsKeeping)
                {
                    // What couldn't be kept waits for somebody to try again.
                    await CanWriteAsync();
                }

                await _tail.SignAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    private async Task AppendAsync(IReadOnlyList<Waiting> batch)
    {
        var events = batch.Select(waiting => waiting.Event).OfType<AuditEvent>().ToArray();
        var outcome = await TryAppendAsync(_unkept.Count == 0 ? events : [.. _unkept, .. events]);
        if (outcome is Outcome.Refused)
        {
            await AppendAloneAsync(batch);
            return;
        }

        if (outcome is Outcome.Kept)
        {
            _unkept.Clear();
        }
        else
        {
            // The next batch tries anew, with these records too, since what they tell of happened.
            Keep(events);
        }

        foreach (var waiting in batch)
        {
            waiting.Kept?.TrySetResult(outcome is Outcome.Kept);
        }
    }

    // One of them can't be kept, and must not stand in the way of the others: each by itself, and in the place of that one a record that says so.
    private async Task AppendAloneAsync(IReadOnlyList<Waiting> batch)
    {
        Waiting[] all = [.. _unkept.Select(audited => new Waiting(audited, null)), .. batch];
        _unkept.Clear();
        foreach (var waiting in all)
        {
            var outcome = await TryAppendAsync(waiting.Event is { } audited ? [audited] : []);
            waiting.Kept?.TrySetResult(outcome is Outcome.Kept);
            if (outcome is Outcome.Kept || waiting.Event is not { } unkept)
            {
                continue;
            }

            if (outcome is Outcome.Refused)
            {
                LogReplaced(_logger, unkept.Action);
                unkept = _tail.Own("audit.replaced", unkept.Action) with { At = unkept.At, Outcome = AuditOutcomes.Failed };
                outcome = await TryAppendAsync([unkept]);
            }

            if (outcome is not Outcome.Kept)
            {
                Keep([unkept]);
            }
        }
    }

    // After a failure whatever is tried next is a record: that a transaction can be begun doesn't say that there is room for one.
    private async Task<Outcome> TryAppendAsync(AuditEvent[] events)
    {
        try
        {
            await using var turn = await _tail.TakeTurnAsync(CancellationToken.None);
            var lost = Volatile.Read(ref _lost);
            AuditEvent[] all = IsKeeping ? events : [_tail.Own("audit.resumed", lost == 0 ? "vault" : $"vault ({lost} records lost)"), .. events];
            var started = _time.GetTimestamp();
            await _store.AppendAsync(Array.ConvertAll(all, turn.Next), _begun, CancellationToken.None);
            turn.Done();
            _metrics.Kept(all, _time.GetElapsedTime(started));
            Volatile.Write(ref _failures, 0);
            if (Interlocked.Add(ref _lost, -lost) > 0)
            {
                // Some were lost while this went well: the next record tells of them.
                Volatile.Write(ref _failures, 1);
            }

            return Outcome.Kept;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: those who wait refuse what they were about to do.
            if (events.Length > 0 && _store.IsRefusal(exception))
            {
                return Outcome.Refused;
            }

            LogNotKept(_logger, events.Length, exception is AuditCutException ? exception.Message : exception.GetType().Name);
            Volatile.Write(ref _failures, 1);
            return Outcome.Failed;
        }
        finally
        {
            Volatile.Write(ref _isWriting, false);
        }
    }

    private void Keep(AuditEvent[] events)
    {
        Volatile.Write(ref _failures, 1);
        foreach (var audited in events)
        {
            if (_unkept.Count < MostWaiting)
            {
                _unkept.Enqueue(audited);
            }
            else
            {
                Lose(audited);
            }
        }
    }

    private void Lose(AuditEvent audited)
    {
        Interlocked.Increment(ref _lost);
        Volatile.Write(ref _failures, 1);
        _metrics.Lost();
        LogLost(_logger, audited.Action);
    }

    private Task<bool> EnqueueAsync(AuditEvent? audited)
    {
        var kept = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new Waiting(audited, kept)))
        {
            return Task.FromResult(false);
        }

        if (_hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }

        return kept.Task;
    }

    [LoggerMessage(6001, LogLevel.Error, "{Count} audit records could not be kept ({Fault}); callouts are refused until they can.")]
    private static partial void LogNotKept(ILogger logger, int count, string fault);

    [LoggerMessage(6009, LogLevel.Critical, "An audit record of {Action} can't be kept as it is, by itself; one that says so was put in its place.")]
    private static partial void LogReplaced(ILogger logger, string action);

    [LoggerMessage(6002, LogLevel.Error, "An audit record of {Action} was lost: too many wait.")]
    private static partial void LogLost(ILogger logger, string action);
}
