using Microsoft.Extensions.ObjectPool;

namespace Vault.Core.Callouts;

/// <summary>The timers of callouts: a timer, a cancellation and what links it to the caller's serve one callout after the other.</summary>
public sealed class IdleTimers(TimeProvider time) : IDisposable
{
    private const int MostKept = 1_024;
    private readonly ObjectPool<IdleTimer> _pool = new DefaultObjectPoolProvider { MaximumRetained = MostKept }.Create(new Policy(time));

    /// <inheritdoc />
    public void Dispose() => (_pool as IDisposable)?.Dispose();

    /// <summary>One that ends when nothing happens for <paramref name="limit"/>, or with the caller; paused.</summary>
    internal IdleTimer Start(TimeSpan limit, CancellationToken aborted)
    {
        var timer = _pool.Get();
        timer.Start(limit, aborted);
        return timer;
    }

    /// <summary>Takes one back.</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="mayBeInUse">Whether something may still touch it: then nobody else gets it.</param>
    internal void End(IdleTimer timer, bool mayBeInUse)
    {
        if (timer.TryEnd() && !mayBeInUse)
        {
            _pool.Return(timer);
        }
        else
        {
            timer.Dispose();
        }
    }

    private sealed class Policy(TimeProvider time) : PooledObjectPolicy<IdleTimer>
    {
        public override IdleTimer Create() => new(time);

        public override bool Return(IdleTimer obj) => true;
    }
}
