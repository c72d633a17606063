namespace Vault.Core.Callouts;

/// <summary>
/// Ends a callout with its caller, or when nothing has happened for a time. Noting activity costs a clock reading: the timer itself
/// is only moved when it fires. Used by one callout after the other (<see cref="IdleTimers"/>); safe for use by many threads.
/// </summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private CancellationTokenRegistration _aborted;
    private TimeSpan _limit;
    private long _last;
    private int _paused;
    private int _held;
    private bool _isUsed;
    private bool _isArmed;
    private TimeSpan _armedFor;

    internal IdleTimer(TimeProvider time)
    {
        _time = time;
        Token = _cancellation.Token;
        _timer = time.CreateTimer(static state => ((IdleTimer)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The clock that it goes by.</summary>
    public TimeProvider Time => _time;

    /// <summary>Ends with the caller, or when nothing happened for too long.</summary>
    public CancellationToken Token { get; }

    /// <summary>Whether nothing happened for too long.</summary>
    public bool IsExpired { get; private set; }

    /// <summary>Something happened; the time begins anew.</summary>
    public void Touch()
    {
        Volatile.Write(ref _last, _time.GetTimestamp());
        Volatile.Write(ref _paused, 0);
    }

    /// <summary>Waiting for something that isn't upstream's to do (the caller's next bytes).</summary>
    public void Pause() => Volatile.Write(ref _paused, 1);

    /// <summary>Waiting for something that is nobody's of both sides, whatever they do meanwhile; until <see cref="Release"/>.</summary>
    public void Hold() => Interlocked.Increment(ref _held);

    /// <summary>It is there; the time begins anew.</summary>
    public void Release()
    {
        Volatile.Write(ref _last, _time.GetTimestamp());
        Interlocked.Decrement(ref _held);
    }

    /// <summary>Ends what is under way, before <see cref="TryEnd"/>; nobody else gets this one then.</summary>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc />
    public void Dispose()
    {
        _aborted.Dispose();
        _timer.Dispose();
        lock (_gate)
        {
            // Where it fired, it may just now be telling.
            if (!IsExpired)
            {
                _cancellation.Dispose();
            }
        }
    }

    /// <summary>Begins, paused.</summary>
    internal void Start(TimeSpan limit, CancellationToken aborted)
    {
        lock (_gate)
        {
            _isUsed = true;
            _limit = limit;
            _last = _time.GetTimestamp();
            _paused = 1;
            _held = 0;

            // What fires too early looks again; what would fire too late is set anew.
            if (!_isArmed || _armedFor > limit)
            {
                Arm(limit);
            }
        }

        _aborted = aborted.UnsafeRegister(static state => ((IdleTimer)state!)._cancellation.Cancel(), this);
    }

    /// <summary>Ends; whether another callout may use it, since nothing was cancelled and nothing will be.</summary>
    internal bool TryEnd()
    {
        // Returns when the caller's end is no longer being told.
        _aborted.Dispose();
        lock (_gate)
        {
            _isUsed = false;
            return !IsExpired && _cancellation.TryReset();
        }
    }

    private void Arm(TimeSpan due)
    {
        _isArmed = true;
        _armedFor = due;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    private void Tick()
    {
        lock (_gate)
        {
            _isArmed = false;
            if (!_isUsed)
            {
                return;
            }

            var idle = _time.GetElapsedTime(Volatile.Read(ref _last));
            var isPaused = Volatile.Read(ref _paused) == 1 || Volatile.Read(ref _held) > 0;
            if (isPaused || idle < _limit)
            {
                Arm(isPaused ? _limit : _limit - idle);
                return;
            }

            IsExpired = true;
        }

        // Nobody else gets it any more.
        _cancellation.Cancel();
    }
}
