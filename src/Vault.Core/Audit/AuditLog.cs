using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>
/// Writes the audit: one record after the other, many in one transaction. Whoever has to wait for a record waits for the
/// transaction; if it fails nothing of it is kept, all who wait are told, and the next try writes what is still due first.
/// </summary>
public sealed partial class AuditLog(IAuditStore store, AuditTail tail, TimeProvider time, ILogger<AuditLog> logger) : BackgroundService
{
    private const int MostInBatch = 256;
    private const int MostWaiting = 20_000;
    private const int CheckpointAfter = 1_000;
    private static readonly TimeSpan CheckpointPace = TimeSpan.FromSeconds(60);

    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(MostWaiting);

    // Records that couldn't be kept yet; whoever waited for one was told so.
    private readonly Queue<AuditEvent> _unkept = new();
    private int _failures;
    private int _lost;
    private Task? _stopped;

    /// <summary>Somebody who waits for a record, or, without one, for word that records can be kept.</summary>
    private sealed record Waiting(AuditEvent? Event)
    {
        public TaskCompletionSource<bool> Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Whether the last try to keep records went well.</summary>
    public bool IsKeeping => Volatile.Read(ref _failures) == 0;

    /// <summary>Keeps a record; false where it can't be kept now.</summary>
    public Task<bool> WriteAsync(AuditEvent audited) => EnqueueAsync(new Waiting(audited));

    /// <summary>Keeps a record soon.</summary>
    public void Note(AuditEvent audited)
    {
        if (!_queue.Writer.TryWrite(new Waiting(audited)))
        {
            Lose(audited);
        }
    }

    /// <summary>Whether a record could be kept now.</summary>
    public Task<bool> CanWriteAsync() => EnqueueAsync(new Waiting((AuditEvent?)null));

    /// <summary>Ends with the last record and a checkpoint; whoever stops the vault a second time waits for the same.</summary>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_queue)
        {
            return _stopped ??= StopOnceAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(DrainAsync(), KeepCheckpointsAsync(stoppingToken));

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        await AppendAsync([new Waiting(tail.Own("audit.stopped"))]);
        await tail.SignAsync();
    }

    private async Task DrainAsync()
    {
        var batch = new List<Waiting>(MostInBatch);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MostInBatch && _queue.Reader.TryRead(out var waiting))
            {
                batch.Add(waiting);
            }

            await AppendAsync(batch);
            batch.Clear();
            if (tail.Unsigned >= CheckpointAfter)
            {
                await tail.SignAsync();
            }
        }
    }

    private async Task KeepCheckpointsAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckpointPace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (!IsKeeping)
                {
                    // What couldn't be kept waits for somebody to try again.
                    await CanWriteAsync();
                }

                await tail.SignAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    // After a failure whatever is tried next is a record: that a transaction can be begun doesn't say that there is room for one.
    private async Task AppendAsync(IReadOnlyList<Waiting> batch)
    {
        var events = batch.Select(waiting => waiting.Event).OfType<AuditEvent>().ToArray();
        var isKept = false;
        try
        {
            using var turn = await tail.TakeTurnAsync(CancellationToken.None);
            var lost = Volatile.Read(ref _lost);
            AuditEvent[] all = IsKeeping ? events : [tail.Own("audit.resumed", lost == 0 ? "vault" : $"vault ({lost} records lost)"), .. _unkept, .. events];
            await store.AppendAsync([.. all.Select(turn.Next)], CancellationToken.None);
            turn.Done();
            _unkept.Clear();
            Interlocked.Add(ref _lost, -lost);
            Volatile.Write(ref _failures, 0);
            isKept = true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: those who wait refuse what they were about to do; the next batch tries anew, with these records too, since what they tell of happened.
            LogNotKept(logger, events.Length, exception is AuditCutException ? exception.Message : exception.GetType().Name);
            Keep(events);
        }

        foreach (var waiting in batch)
        {
            waiting.Kept.TrySetResult(isKept);
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
        LogLost(logger, audited.Action);
    }

    private Task<bool> EnqueueAsync(Waiting waiting) => _queue.Writer.TryWrite(waiting) ? waiting.Kept.Task : Task.FromResult(false);

    [LoggerMessage(6001, LogLevel.Error, "{Count} audit records could not be kept ({Fault}); callouts are refused until they can.")]
    private static partial void LogNotKept(ILogger logger, int count, string fault);

    [LoggerMessage(6002, LogLevel.Error, "An audit record of {Action} was lost: too many wait.")]
    private static partial void LogLost(ILogger logger, string action);
}
