using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>
/// Writes the audit: one record after the other, many in one transaction. Whoever has to wait for a record waits for the
/// transaction; if it fails nothing of it is kept, all who wait are told, and the next try begins anew.
/// </summary>
public sealed partial class AuditLog : BackgroundService
{
    private const int MostInBatch = 256;
    private const int MostWaiting = 20_000;
    private const int CheckpointAfter = 1_000;
    private static readonly TimeSpan CheckpointPace = TimeSpan.FromSeconds(60);

    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(MostWaiting);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly IAuditStore _store;
    private readonly AuditChain _chain;
    private readonly AuditCheckpoints _checkpoints;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLog> _logger;
    private AuditHead? _head;
    private int _segment;
    private long _checkpointed;
    private int _failures;
    private Task? _stopped;

    /// <summary>Takes what it needs; nothing is read or written yet.</summary>
    public AuditLog(IAuditStore store, AuditChain chain, AuditCheckpoints checkpoints, TimeProvider time, ILogger<AuditLog> logger)
    {
        _store = store;
        _chain = chain;
        _checkpoints = checkpoints;
        _time = time;
        _logger = logger;
    }

    /// <summary>Somebody who waits for a record, or, without one, for word that records can be kept.</summary>
    private sealed record Waiting(AuditEvent? Event)
    {
        public TaskCompletionSource<bool> Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A turn to write, held by one at a time.</summary>
    public sealed class Turn : IDisposable
    {
        private readonly AuditLog _log;
        private AuditHead _head;
        private bool _isDone;
        private bool _isBegun;

        internal Turn(AuditLog log, AuditHead head) => (_log, _head) = (log, head);

        /// <summary>The next record; whoever holds the turn saves it with what it tells of, in one transaction.</summary>
        public AuditEntry Next(AuditEvent audited)
        {
            _isBegun = true;
            var entry = _log._chain.Next(_head, _log._segment, audited);
            _head = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
            return entry;
        }

        /// <summary>The transaction is durable.</summary>
        public void Done()
        {
            _log._head = _head;
            _isDone = true;
        }

        /// <summary>Ends the turn. Without <see cref="Done"/> nobody knows what became of the records: the end is read again.</summary>
        public void Dispose()
        {
            if (_isBegun && !_isDone)
            {
                _log._head = null;
            }

            _log._turn.Release();
        }
    }

    /// <summary>Keeps a record; false where it can't be kept.</summary>
    public Task<bool> WriteAsync(AuditEvent audited) => EnqueueAsync(new Waiting(audited));

    /// <summary>Keeps a record soon.</summary>
    public void Note(AuditEvent audited)
    {
        if (!_queue.Writer.TryWrite(new Waiting(audited)))
        {
            LogLost(_logger, audited.Action);
        }
    }

    /// <summary>Whether the last try to keep records went well.</summary>
    public bool IsKeeping => Volatile.Read(ref _failures) == 0;

    /// <summary>Whether a record could be kept now.</summary>
    public Task<bool> CanWriteAsync() => EnqueueAsync(new Waiting((AuditEvent?)null));

    /// <summary>Waits for the turn to write, for a change that is saved together with its record.</summary>
    public async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return new Turn(this, _head ?? await BeginAsync(cancellationToken));
        }
        catch
        {
            // Whoever gets no turn can't give it back.
            _turn.Release();
            throw;
        }
    }

    /// <summary>The end of the chain as this process knows it; the database must not have less.</summary>
    public async Task<AuditHead> HeadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return _head ?? await BeginAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
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
        _turn.Dispose();
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(DrainAsync(), KeepCheckpointsAsync(stoppingToken));

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        var ended = new AuditEvent(Guid.CreateVersion7().ToString("N"), _time.GetUtcNow(), "vault", "audit.stopped", "vault", AuditOutcomes.Success);
        await AppendAsync([new Waiting(ended)]);
        await CheckpointAsync();
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
            if ((_head?.Sequence ?? 0) - _checkpointed >= CheckpointAfter)
            {
                await CheckpointAsync();
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
                await CheckpointAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    private async Task AppendAsync(IReadOnlyList<Waiting> batch)
    {
        var isKept = false;
        try
        {
            using var turn = await TakeTurnAsync(CancellationToken.None);
            AuditEntry[] entries = [.. batch.Where(waiting => waiting.Event is not null).Select(waiting => turn.Next(waiting.Event!))];
            await _store.AppendAsync(entries, CancellationToken.None);
            turn.Done();
            Volatile.Write(ref _failures, 0);
            isKept = true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: those who wait refuse what they were about to do; the next batch tries anew.
            Volatile.Write(ref _failures, 1);
            LogNotKept(_logger, batch.Count(waiting => waiting.Event is not null), exception.GetType().Name);
        }

        foreach (var waiting in batch)
        {
            waiting.Kept.TrySetResult(isKept);
        }
    }

    // The first record of a process begins a segment; after a failure the end is read again.
    private async Task<AuditHead> BeginAsync(CancellationToken cancellationToken)
    {
        var head = await _store.HeadAsync(cancellationToken) ?? AuditChain.Beginning;
        if (_segment == 0)
        {
            var began = new AuditEvent(Guid.CreateVersion7().ToString("N"), _time.GetUtcNow(), "vault", "audit.started", "vault", AuditOutcomes.Success);
            var entry = _chain.Next(head, head.Segment + 1, began);
            await _store.AppendAsync([entry], cancellationToken);
            _segment = entry.Segment;
            head = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
        }

        return _head = head;
    }

    private async Task CheckpointAsync()
    {
        try
        {
            var head = await HeadAsync(CancellationToken.None);
            if (head.Sequence != _checkpointed)
            {
                await _checkpoints.AddAsync(head, _time.GetUtcNow());
                _checkpointed = head.Sequence;
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Tried again with the next one, which says more.
            LogNoCheckpoint(_logger, exception.GetType().Name);
        }
    }

    private Task<bool> EnqueueAsync(Waiting waiting) => _queue.Writer.TryWrite(waiting) ? waiting.Kept.Task : Task.FromResult(false);

    [LoggerMessage(6001, LogLevel.Error, "{Count} audit records could not be kept ({Fault}); callouts are refused until they can.")]
    private static partial void LogNotKept(ILogger logger, int count, string fault);

    [LoggerMessage(6002, LogLevel.Error, "An audit record of {Action} was lost: too many wait.")]
    private static partial void LogLost(ILogger logger, string action);

    [LoggerMessage(6003, LogLevel.Error, "An audit checkpoint could not be written: {Fault}.")]
    private static partial void LogNoCheckpoint(ILogger logger, string fault);
}
