namespace Vault.Core.Primitives;

/// <summary>
/// So many permits, filled up evenly (GCRA, ITU-T I.371): one number, the time at which all permits will be there again, says all
/// there is to know, so that no burst at the edge of a window passes twice. Times are ticks of a clock that never goes back.
/// </summary>
public readonly record struct EvenRate
{
    private readonly long _interval;
    private readonly long _whole;

    /// <summary>A rate.</summary>
    /// <param name="permits">So many at once; at least 1.</param>
    /// <param name="per">How long it takes until all of them are there again.</param>
    public EvenRate(int permits, TimeSpan per)
    {
        _interval = Math.Max(1, per.Ticks / permits);

        // Not the period itself: what division leaves over would be a permit more.
        _whole = _interval * permits;
    }

    /// <summary>Takes a permit; else how long it is until there is one. Any number of threads may take at once.</summary>
    /// <param name="fullAt">The state; 0 to begin with.</param>
    /// <param name="now">The time.</param>
    public TimeSpan? Take(ref long fullAt, long now)
    {
        while (true)
        {
            // A rate that was lowered meanwhile counts from a bucket that is empty at worst.
            var seen = Volatile.Read(ref fullAt);
            var next = Math.Clamp(seen, now, now + _whole) + _interval;
            if (next - now > _whole)
            {
                return TimeSpan.FromTicks(next - now - _whole);
            }

            if (Interlocked.CompareExchange(ref fullAt, next, seen) == seen)
            {
                return null;
            }
        }
    }
}
