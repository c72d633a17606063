using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit.Spools;

namespace Vault.Core.Audit;

/// <summary>
/// Writes the audit: one record after the other, many in one transaction. Whoever has to wait for a record waits for the
/// transaction; if it fails nothing of it is kept, all who wait are told, and the next try writes what is still due first.
/// </summary>
public sealed class AuditLog : BackgroundService
{
    private const int MostInBatch = 2_048;
    private const int MostWaiting = 20_000;

    // With so many due, what would add to them waits.
    private const int MostDue = MostWaiting / 2;
    private const int CheckpointAfter = 1_000;
    private static readonly TimeSpan CheckpointPace = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryPace = TimeSpan.FromSeconds(2);

    // Records that nobody waits for gather for so long: a transaction for each costs more than the callout that it tells of.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    private readonly Channel<AuditWaiting> _queue = Channel.CreateBounded<AuditWaiting>(MostWaiting);
    private static readonly Task<bool> Yes = Task.FromResult(true);
    private readonly AuditTail _tail;
    private readonly TimeProvider _time;
    private readonly AuditAppender _appender;
    private readonly AuditKeeping _keeping;
    private readonly SpoolReplay? _replay;

    // Released when somebody comes who waits.
    private readonly SemaphoreSlim _hurry = new(0);
    private Task _signed = Task.CompletedTask;
    private Task? _stopped;

    /// <summary>Takes what it needs; nothing is read or written yet.</summary>
    public AuditLog(IAuditStore store, AuditTail tail, TimeProvider time, IMeterFactory meters, ILogger<AuditLog> logger, AuditSpool? spool = null)
    {
        (_tail, _time) = (tail, time);
        var metrics = new AuditMetrics(meters, () => _queue.Reader.Count + (_keeping?.Unkept ?? 0), () => spool?.Waiting ?? 0, () => _keeping is null || IsKeeping);
        tail.Kept = metrics.Kept;
        _appender = new AuditAppender(store, tail, time, metrics, logger);
        _keeping = new AuditKeeping(_appender, spool, time, logger);
        _replay = spool is null ? null : new SpoolReplay(spool, _appender, _keeping, tail, time, logger);
    }

    /// <summary>Whether the last try to keep records went well.</summary>
    public bool IsKeeping => _keeping.IsKeeping;

    /// <summary>Keeps a record; false where it can't be kept now.</summary>
    public Task<bool> WriteAsync(AuditEvent audited) => EnqueueAsync(audited);

    /// <summary>Keeps a record soon.</summary>
    public void Note(AuditEvent audited)
    {
        if (!_queue.Writer.TryWrite(new AuditWaiting(audited, null)))
        {
            _appender.Lose(audited);
        }
    }

    /// <summary>
    /// Whether what is about to happen may be noted, as far as is known. Where records come faster than they are kept, it waits until those due
    /// by now are: else they would be lost.
    /// </summary>
    public Task<bool> CanNoteAsync() => !IsKeeping ? CanWriteAsync() : _queue.Reader.Count < MostDue ? Yes : EnqueueAsync(null);

    /// <summary>Whether a record could be kept now. While this process itself holds the database's lock to write, that is known.</summary>
    public Task<bool> CanWriteAsync() => _keeping.IsSure ? Yes : EnqueueAsync(null);

    /// <summary>Begins, once what an earlier process left in its spool is in the database.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_replay is not null)
        {
            await _replay.BeginAsync();
        }

        await base.StartAsync(cancellationToken);
    }

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
        _keeping.Dispose();
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        DrainAsync(), KeepCheckpointsAsync(stoppingToken), RetryAsync(stoppingToken), _replay?.RunAsync(stoppingToken) ?? Task.CompletedTask);

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        await _keeping.AppendAsync([new AuditWaiting(_tail.Own("audit.stopped"), null)]);
        await _tail.SignAsync();
    }

    private async Task DrainAsync()
    {
        var batch = new List<AuditWaiting>(MostInBatch);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            Take();
            if (batch.Count < MostInBatch && batch.TrueForAll(waiting => waiting.Kept is null) && !_queue.Reader.Completion.IsCompleted)
            {
                await _hurry.WaitAsync(Gathering);
                Take();
            }

            await _keeping.AppendAsync(batch);
            batch.Clear();
            if (_tail.Unsigned >= CheckpointAfter && _keeping.IsInDatabase && _signed.IsCompleted)
            {
                // Not waited for: where the database goes away just now, records needn't wait for it with the checkpoint. It never fails.
                _signed = _tail.SignAsync();
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
                await _tail.SignAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    // What couldn't be kept is in memory alone, and waits for somebody to try again.
    private async Task RetryAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RetryPace, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (!IsKeeping)
                {
                    await CanWriteAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    private Task<bool> EnqueueAsync(AuditEvent? audited)
    {
        var kept = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new AuditWaiting(audited, kept)))
        {
            return Task.FromResult(false);
        }

        if (_hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }

        return kept.Task;
    }
}
