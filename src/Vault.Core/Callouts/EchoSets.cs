using System.Runtime.CompilerServices;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>Whose values a set holds, and which.</summary>
/// <param name="External">The external credential in the version that is in force.</param>
/// <param name="PrincipalId">Its principal.</param>
/// <param name="User">The user; empty where the principal has none.</param>
/// <param name="Stamp">Changes with every change of its parameters.</param>
/// <param name="Slot">Whose tokens are among them; null: there are none.</param>
/// <param name="Known">The set with those tokens, where something was made beside it: tokens come and go, and what was made ready with others is of no use.</param>
/// <param name="Made">A digest of what a callout made beside them; null where it made nothing.</param>
internal readonly record struct EchoKey(
    BoundCredential External, Guid PrincipalId, string User, string Stamp, TokenKey? Slot = null, RedactionSet? Known = null, string? Made = null)
{
    /// <summary>The same object, not an equal one: a version has one, and its parts needn't be compared.</summary>
    public bool Equals(EchoKey other) => ReferenceEquals(External, other.External)
        && PrincipalId == other.PrincipalId && User == other.User && Stamp == other.Stamp && Slot == other.Slot && ReferenceEquals(Known, other.Known) && Made == other.Made;

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

    /// <summary>How many bytes they take together (16 MiB): the secrets, and a KiB for each.</summary>
    internal const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>How long each is kept (15 minutes).</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    private const int Sightings = 1024;
    private const int Makers = 16;
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Lock[] _making = [.. Enumerable.Range(0, Makers).Select(_ => new Lock())];
    private readonly Dictionary<EchoKey, LinkedListNode<Kept>> _sets = [];

    // The oldest first.
    private readonly LinkedList<Kept> _order = new();
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

    /// <summary>The set of the parameters and of the tokens of 24 hours: made anew when one comes, or has had its time, once for all callouts.</summary>
    internal RedactionSet Get(EchoKey key, RedactionSet known, IReadOnlyList<SecretText> tokens)
    {
        if (Find(key) is { } kept && IsOf(kept, tokens))
        {
            return kept;
        }

        lock (_making[(uint)key.GetHashCode() % Makers])
        {
            if (Find(key) is { } their && IsOf(their, tokens))
            {
                return their;
            }

            var made = known.With(tokens);
            lock (_gate)
            {
                Drop(key);
                Keep(key, made);
            }

            return made;
        }
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
                if (key.External?.Definition.Id == externalCredentialId)
                {
                    Remove(set);
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
            return _sets.GetValueOrDefault(key)?.Value.Set;
        }
    }

    // The same objects: whose values those are needn't be compared.
    private static bool IsOf(RedactionSet set, IReadOnlyList<SecretText> tokens)
    {
        var isOf = ReferenceEquals(set.Tokens, tokens) || set.Tokens.Count == tokens.Count;
        for (var i = 0; i < tokens.Count && isOf && !ReferenceEquals(set.Tokens, tokens); i++)
        {
            isOf = ReferenceEquals(set.Tokens[i], tokens[i]);
        }

        return isOf;
    }

    // With what was made beside it, which would hold it.
    private void Drop(EchoKey key)
    {
        if (!_sets.TryGetValue(key, out var node))
        {
            return;
        }

        Remove(node);
        var old = node.Value.Set;
        foreach (var (other, made) in old.Tokens.Count > 0 ? _sets : [])
        {
            if (ReferenceEquals(other.Known, old))
            {
                Remove(made);
            }
        }
    }

    private void Remove(LinkedListNode<Kept> node)
    {
        _sets.Remove(node.Value.Key);
        _order.Remove(node);
        _bytes -= node.Value.Set.Size;
    }

    private void Keep(EchoKey key, RedactionSet set)
    {
        lock (_gate)
        {
            var node = new LinkedListNode<Kept>(new Kept(key, set, _time.GetTimestamp()));
            if (set.Size > MaxBytes || !_sets.TryAdd(key, node))
            {
                return;
            }

            _bytes += set.Size;
            _order.AddLast(node);
            while (_order.Count > Capacity || _bytes > MaxBytes)
            {
                Drop(_order.First!.Value.Key);
            }
        }
    }

    private void DropOld()
    {
        lock (_gate)
        {
            // A sweep early rather than late: nothing outlives its time between two of them.
            while (_order.First is { } oldest && _time.GetElapsedTime(oldest.Value.Added) > Life - Sweep)
            {
                Drop(oldest.Value.Key);
            }
        }
    }

    private sealed record Kept(EchoKey Key, RedactionSet Set, long Added);
}
