using System.Collections.Concurrent;
using Vault.Core.Definitions;

namespace Vault.Core.Callouts;

/// <summary>
/// Counts the callouts of each app and named credential: a bucket that holds <see cref="RateLimit.Permits"/> and is filled
/// evenly (GCRA, ITU-T I.371: one time says all there is to know). Counts are this process's own.
/// </summary>
public sealed class CalloutRate(TimeProvider time)
{
    private readonly ConcurrentDictionary<(Guid App, Guid Named), Bucket> _buckets = new();

    /// <summary>When all permits will be there again.</summary>
    private sealed class Bucket
    {
        public long FullAt { get; set; }
    }

    /// <summary>Takes a permit; else how long it is until there is one.</summary>
    public TimeSpan? Take(Guid app, Guid named, RateLimit limit)
    {
        var whole = limit.PerSeconds * TimeSpan.TicksPerSecond;
        var interval = whole / limit.Permits;
        var now = time.GetUtcNow().UtcTicks;
        var bucket = _buckets.GetOrAdd((app, named), static _ => new Bucket());
        lock (bucket)
        {
            // A limit that was lowered meanwhile counts from a bucket that is empty at worst.
            var fullAt = Math.Clamp(bucket.FullAt, now, now + whole) + interval;
            if (fullAt - now > whole)
            {
                return TimeSpan.FromTicks(fullAt - now - whole);
            }

            bucket.FullAt = fullAt;
            return null;
        }
    }
}
