using Microsoft.Extensions.Logging;

namespace Vault.Core.Audit;

/// <summary>
/// The end of the chain, which one writer at a time may extend. What this process last made durable is kept in memory: where the
/// database ends differently after a write that failed, nothing more is written to it. Where several processes write to one chain
/// (<see cref="IAuditTurns"/>), each turn goes on where the last of theirs ended, once it is sure that its own records are still there.
/// </summary>
public sealed partial class AuditTail(
    IAuditStore store, AuditChain chain, AuditCheckpoints checkpoints, AuditMark mark, AuditBeginning beginning, TimeProvider time, ILogger<AuditTail> logger,
    IAuditTurns? turns = null) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SemaphoreSlim _signing = new(1, 1);
    private AuditEnd? _end;
    private AuditEnd? _doubted;
    private long _last;
    private long _signed;

    /// <summary>A turn to write, held by one at a time.</summary>
    public sealed class Turn : IAsyncDisposable
    {
        private readonly AuditTail _tail;
        private readonly List<AuditEvent> _events = [];
        private AuditEnd _end;
        private bool _isDone;
        private bool _isBegun;

        internal Turn(AuditTail tail, AuditEnd end) => (_tail, _end) = (tail, end);

        internal AuditEnd End => _end;

        /// <summary>The next record; whoever holds the turn saves it with what it tells of, in one transaction.</summary>
        public AuditEntry Next(AuditEvent audited)
        {
            _isBegun = true;
            var (entry, end) = _tail.Extend(_end, audited);
            _end = end;
            _events.Add(audited);
            return entry;
        }

        /// <summary>The transaction is durable.</summary>
        public void Done()
        {
            _isDone = true;
            _tail.Advance(_end);
            _tail.Kept?.Invoke(_events);
        }

        /// <summary>Ends the turn. Without <see cref="Done"/> nobody knows what became of the records: the end is read again.</summary>
        public ValueTask DisposeAsync()
        {
            if (_isBegun && !_isDone)
            {
                _tail._doubted = _end;
            }

            return _tail.ReleaseAsync();
        }
    }

    /// <summary>Told of the records of each turn that are durable, whoever wrote them.</summary>
    internal Action<IReadOnlyList<AuditEvent>>? Kept { get; set; }

    /// <summary>How many records aren't signed for yet.</summary>
    internal long Unsigned => Volatile.Read(ref _last) - Volatile.Read(ref _signed);

    /// <summary>Waits for the turn to write.</summary>
    /// <exception cref="AuditCutException">Somebody else changed the end of the audit.</exception>
    public async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (turns is null)
            {
                var end = _end ?? await BeginAsync(cancellationToken);
                return new Turn(this, _doubted is { } doubted ? await SettleAsync(end, doubted, null, cancellationToken) : end);
            }

            return new Turn(this, await ClaimAsync(turns, cancellationToken));
        }
        catch
        {
            // Whoever gets no turn can't give it back.
            await ReleaseAsync();
            throw;
        }
    }

    /// <summary>The end of the chain as this process knows it; the database must not have less.</summary>
    public async Task<AuditHead> HeadAsync(CancellationToken cancellationToken) => (await EndAsync(cancellationToken)).Head;

    /// <summary>The same, for who only verifies; null: nothing can follow what the database ends with, so this process began none.</summary>
    public async Task<AuditHead?> KnownHeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await HeadAsync(cancellationToken);
        }
        catch (AuditCutException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _turn.Dispose();
        _signing.Dispose();
    }

    /// <summary>The segment of a record that is written now; those before it are closed.</summary>
    internal async Task<int> OpenSegmentAsync(CancellationToken cancellationToken) => (await EndAsync(cancellationToken)).SegmentAt(time.GetUtcNow());

    /// <summary>A record of what the vault itself does.</summary>
    internal AuditEvent Own(string action, string target = "vault") =>
        new(Guid.CreateVersion7().ToString("N"), time.GetUtcNow(), "vault", action, target, AuditOutcomes.Success);

    /// <summary>Signs the end of the chain, if it isn't signed yet.</summary>
    internal async Task SignAsync()
    {
        await _signing.WaitAsync();
        try
        {
            var head = turns is null ? await HeadAsync(CancellationToken.None) : await SharedHeadAsync();
            if (head.Sequence != _signed)
            {
                mark.Set(await checkpoints.AddAsync(head, time.GetUtcNow()));
                Volatile.Write(ref _signed, head.Sequence);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Tried again with the next one, which says more.
            LogNoCheckpoint(logger, store.ReasonOf(exception));
        }
        finally
        {
            _signing.Release();
        }
    }

    // What others wrote is signed for, too.
    private async Task<AuditHead> SharedHeadAsync()
    {
        await using var turn = await TakeTurnAsync(CancellationToken.None);
        return turn.End.Head;
    }

    private async Task<AuditEnd> EndAsync(CancellationToken cancellationToken)
    {
        if (turns is not null && _end is null)
        {
            await using var turn = await TakeTurnAsync(cancellationToken);
            return turn.End;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            return _end ?? await BeginAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask ReleaseAsync()
    {
        try
        {
            if (turns is not null)
            {
                await turns.ReleaseAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    // Others write to the same chain: it goes on where the last of them ended.
    private async Task<AuditEnd> ClaimAsync(IAuditTurns shared, CancellationToken cancellationToken)
    {
        if (_end is null)
        {
            // What takes a while the first time is done before others have to wait for it.
            await store.HeadAsync(cancellationToken);
        }

        var claim = await shared.TakeAsync(_end?.Head.Sequence ?? 0, cancellationToken);
        if (_end is not { } end)
        {
            // Its record ended the turn.
            end = await BeginAsync(cancellationToken);
            claim = await shared.TakeAsync(end.Head.Sequence, cancellationToken);
        }

        var known = end;
        if (_doubted is { } doubted)
        {
            end = await SettleAsync(end, doubted, claim, cancellationToken);
        }

        if (end == known && !(claim.Known is { } hash && hash.AsSpan().SequenceEqual(end.Head.Hash)))
        {
            // What this process wrote, or saw, isn't there any more.
            throw new AuditCutException(end.Head.Sequence);
        }

        end = claim.Head is { } head && !head.Is(end.Head) ? end.After(head, time.GetUtcNow()) : end;
        _end = end;
        Volatile.Write(ref _last, end.Head.Sequence);
        return end;
    }

    // A write failed: either it happened all the same, or the database ends where it did; others may have gone on since.
    private async Task<AuditEnd> SettleAsync(AuditEnd end, AuditEnd doubted, AuditClaim? claim, CancellationToken cancellationToken)
    {
        var found = claim?.Head ?? await store.HeadAsync(cancellationToken) ?? AuditChain.Beginning;
        var happened = found.Is(doubted.Head)
            || (claim is not null && found.Sequence > doubted.Head.Sequence
                && await store.EntryAsync(doubted.Head.Sequence, cancellationToken) is { } entry && entry.Hash.AsSpan().SequenceEqual(doubted.Head.Hash));
        if (!happened && claim is null && !found.Is(end.Head))
        {
            throw new AuditCutException(end.Head.Sequence);
        }

        _doubted = null;
        if (happened)
        {
            Advance(doubted);
            return doubted;
        }

        return end;
    }

    // The first record of a process begins a segment.
    private async Task<AuditEnd> BeginAsync(CancellationToken cancellationToken)
    {
        var (head, fault) = await beginning.FindAsync(cancellationToken);
        var began = Own("audit.started") with { Outcome = fault is null ? AuditOutcomes.Success : AuditOutcomes.Failed, Code = fault };
        var (entry, end) = Extend(AuditEnd.Found(head, began.At), began);
        await store.AppendAsync([entry], begun: null, cancellationToken);
        _signed = head.Sequence;
        Advance(end);
        return end;
    }

    private (AuditEntry Entry, AuditEnd End) Extend(AuditEnd end, AuditEvent audited)
    {
        var now = time.GetUtcNow();
        var entry = chain.Next(end.Head, end.SegmentAt(now), audited);
        return (entry, end.With(entry, now));
    }

    private void Advance(AuditEnd end)
    {
        _end = end;
        Volatile.Write(ref _last, end.Head.Sequence);
        try
        {
            mark.Set(end.Head);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The record is kept; until the mark can be written, the checkpoints alone say where the end is.
            LogNoMark(logger, store.ReasonOf(exception));
        }
    }

    [LoggerMessage(6003, LogLevel.Error, "An audit checkpoint could not be written: {Fault}.")]
    private static partial void LogNoCheckpoint(ILogger logger, string fault);

    [LoggerMessage(6007, LogLevel.Error, "The mark of the audit's end could not be written: {Fault}.")]
    private static partial void LogNoMark(ILogger logger, string fault);
}
