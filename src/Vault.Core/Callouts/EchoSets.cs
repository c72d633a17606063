using System.Runtime.CompilerServices;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>Whose values a set holds, and which.</summary>
/// <param name="External">The external credential in the version that is in force.</param>
/// <param name="PrincipalId">Its principal.</param>
/// <param name="User">The user; empty where the principal has none.</param>
/// <param name="Stamp">Changes with every change of its parameters.</param>
/// <param name="Made">A digest of what a callout made beside them; null where it made nothing.</param>
internal readonly record struct EchoKey(BoundCredential External, Guid PrincipalId, string User, string Stamp, string? Made = null)
{
    /// <summary>The same object, not an equal one: a version has one, and its parts needn't be compared.</summary>
    public bool Equals(EchoKey other) => ReferenceEquals(External, other.External)
        && PrincipalId == other.PrincipalId && User == other.User && Stamp == other.Stamp && Made == other.Made;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(External), PrincipalId, User, Stamp, Made);
}

/// <summary>
/// What answers are searched for, ready to use: to open all parameters and to build the search anew for each callout would
/// cost more than the callout. A set holds its secrets in plain, in effect, so there are at most <see cref="Capacity"/> with at
/// most <see cref="MaxBytes"/> of secrets, none is kept longer than <see cref="Life"/>, used or not, and none is ever used for
/// another principal, user or version.
/// </summary>
public sealed class EchoSets : ICredentialCache, IDisposable
{
    /// <summary>How many are kept.</summary>
    internal const int Capacity = 512;

    /// <summary>How many bytes of secrets they hold together (4 MiB); in memory it is some ten times that.</summary>
    internal const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>How long each is kept (15 minutes).</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    private const int Sightings = 1024;
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<EchoKey, RedactionSet> _sets = [];

    // The oldest first; what went before its turn still stands here, and is passed over.
    private readonly Queue<(EchoKey Key, RedactionSet Set, long Added)> _order = new();
    private readonly int[] _seen = new int[Sightings];
    private long _bytes;

    /// <summary>Sweeps once a minute until it is disposed.</summary>
    public EchoSets(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => DropOld(), null, Sweep, Sweep);
    }

    /// <summary>How many sets there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _sets.Count;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        EvictAll();
    }

    /// <summary>The set of a principal's parameters.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="state">For <paramref name="open"/>.</param>
    /// <param name="open">Adds them; false where one couldn't be opened, and then the set is for this callout alone.</param>
    internal RedactionSet Get<T>(EchoKey key, T state, Func<T, List<ReadOnlyMemory<byte>>, bool> open)
    {
        if (Find(key) is { } kept)
        {
            return kept;
        }

        List<ReadOnlyMemory<byte>> parameters = [];
        var isComplete = open(state, parameters);
        var made = new RedactionSet(parameters);
        if (isComplete)
        {
            Keep(key, made);
        }

        return made;
    }

    /// <summary>The set of the parameters and of what a callout made of them; kept from the second time on that it is made.</summary>
    internal RedactionSet Get(EchoKey key, RedactionSet known, IReadOnlyCollection<ReadOnlyMemory<byte>> values)
    {
        if (Find(key) is { } kept)
        {
            return kept;
        }

        var made = known.With(values);
        var hash = key.GetHashCode();
        if (Interlocked.Exchange(ref _seen[hash & (Sightings - 1)], hash) == hash)
        {
            Keep(key, made);
        }

        return made;
    }

    /// <summary>Forgets what is searched for an external credential's sake: its secrets changed, or are gone.</summary>
    public void Evict(Guid externalCredentialId)
    {
        lock (_gate)
        {
            foreach (var (key, set) in _sets)
            {
                if (key.External?.Definition.Id == externalCredentialId && _sets.Remove(key))
                {
                    _bytes -= set.Size;
                }
            }
        }
    }

    /// <inheritdoc />
    public void EvictAll()
    {
        lock (_gate)
        {
            _sets.Clear();
            _order.Clear();
            _bytes = 0;
        }
    }

    private RedactionSet? Find(EchoKey key)
    {
        lock (_gate)
        {
            return _sets.GetValueOrDefault(key);
        }
    }

    private void Keep(EchoKey key, RedactionSet set)
    {
        lock (_gate)
        {
            if (set.Size > MaxBytes || !_sets.TryAdd(key, set))
            {
                return;
            }

            _bytes += set.Size;
            _order.Enqueue((key, set, _time.GetTimestamp()));
            while (_order.Count > Capacity || _bytes > MaxBytes)
            {
                DropOldest();
            }
        }
    }

    private void DropOldest()
    {
        var (key, set, _) = _order.Dequeue();
        if (_sets.TryGetValue(key, out var kept) && ReferenceEquals(kept, set))
        {
            _sets.Remove(key);
            _bytes -= set.Size;
        }
    }

    private void DropOld()
    {
        lock (_gate)
        {
            // A sweep early rather than late: nothing outlives its time between two of them.
            while (_order.TryPeek(out var oldest) && _time.GetElapsedTime(oldest.Added) > Life - Sweep)
            {
                DropOldest();
            }
        }
    }
}
