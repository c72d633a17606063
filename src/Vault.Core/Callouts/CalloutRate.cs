using System.Collections.Concurrent;
using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>
/// Counts the callouts of each app and named credential: a bucket that holds <see cref="RateLimit.Permits"/> and is filled
/// evenly. Counts are this process's own: of several replicas each gives its share of the rate. A bucket that is full again is forgotten, so that apps that come and go leave nothing.
/// </summary>
public sealed class CalloutRate(TimeProvider time, LiveReplicas? live = null)
{
    private const int SweepFrom = 1_000;
    private static readonly TimeSpan SweepPace = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(Guid App, Guid Named), Bucket> _buckets = new();
    private readonly long _start = time.GetTimestamp();
    private long _sweepAt = SweepPace.Ticks;

    private sealed class Bucket
    {
        private long _fullAt;

        /// <summary>Whether it is empty of news: a new one would say the same.</summary>
        public bool IsFull(long now) => Volatile.Read(ref _fullAt) <= now;

        public TimeSpan? Take(EvenRate rate, long now) => rate.Take(ref _fullAt, now);
    }

    /// <summary>How many buckets are kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Takes a permit; else how long it is until there is one.</summary>
    public TimeSpan? Take(Guid app, Guid named, RateLimit limit)
    {
        var now = time.GetElapsedTime(_start).Ticks;
        Sweep(now);
        var rate = Share(limit, live?.Count ?? 1);
        return _buckets.GetOrAdd((app, named), static _ => new Bucket()).Take(rate, now);
    }

    // So many fewer at once, but at least one; and so much more slowly that all replicas together keep the rate.
    private static EvenRate Share(RateLimit limit, int replicas)
    {
        var permits = Math.Max(1, limit.Permits / replicas);
        return new EvenRate(permits, TimeSpan.FromTicks((long)((Int128)TimeSpan.TicksPerSecond * limit.PerSeconds * replicas * permits / limit.Permits)));
    }

    private void Sweep(long now)
    {
        var due = Volatile.Read(ref _sweepAt);
        if (now < due || Interlocked.CompareExchange(ref _sweepAt, now + SweepPace.Ticks, due) != due || _buckets.Count < SweepFrom)
        {
            return;
        }

        foreach (var entry in _buckets)
        {
            if (entry.Value.IsFull(now))
            {
                // At worst a permit that is taken at this very moment counts for nothing.
                _buckets.TryRemove(entry);
            }
        }
    }
}
