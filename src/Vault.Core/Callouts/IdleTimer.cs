namespace Vault.Core.Callouts;

/// <summary>
/// Tells when nothing has happened for a time. Noting activity costs a clock reading: the timer itself is only moved when it
/// fires. Safe for use by many threads.
/// </summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private readonly Action _expired;
    private readonly ITimer _timer;
    private long _last;
    private int _paused;

    /// <summary>Starts paused.</summary>
    public IdleTimer(TimeProvider time, TimeSpan limit, Action expired)
    {
        _time = time;
        _limit = limit;
        _expired = expired;
        _paused = 1;
        _last = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((IdleTimer)state!).Tick(), this, limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something happened; the time begins anew.</summary>
    public void Touch()
    {
        Volatile.Write(ref _last, _time.GetTimestamp());
        Volatile.Write(ref _paused, 0);
    }

    /// <summary>Waiting for something that isn't upstream's to do (the caller's next bytes).</summary>
    public void Pause() => Volatile.Write(ref _paused, 1);

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        var idle = _time.GetElapsedTime(Volatile.Read(ref _last));
        if (Volatile.Read(ref _paused) == 1)
        {
            _timer.Change(_limit, Timeout.InfiniteTimeSpan);
        }
        else if (idle >= _limit)
        {
            _expired();
        }
        else
        {
            _timer.Change(_limit - idle, Timeout.InfiniteTimeSpan);
        }
    }
}
