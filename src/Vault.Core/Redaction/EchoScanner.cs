using System.Runtime.CompilerServices;

namespace Vault.Core.Redaction;

/// <summary>
/// Follows all patterns through a stream of bytes at once and masks what they find. For each state only the earliest
/// beginning is kept: what lies between it and an end is masked anyway, so every echo, overlapping or not, is covered. What
/// secrets have in common is followed once (<see cref="EchoFork"/>), and
/// the work is at most the length of the secrets for each byte, and bounded for a callout (<see cref="EchoWork"/>). Where no state is left, <see cref="EchoFilter"/> says how far
/// it is to the next place worth looking at.
/// </summary>
internal sealed class EchoScanner(RedactionSet set, EchoWork work)
{
    private const int FirstPlaces = 64;
    private const int IndexBits = 24;

    // Where in _next a place already is, with the byte that it was entered at: an entry of another byte counts as none.
    private long[] _places = [];
    private long _step;
    private int _entered;

    // Most answers come to no state at all.
    private static readonly List<State> None = [];
    private List<State> _active = None;
    private List<State> _next = None;
    private int _activeMade;
    private int _nextMade;
    private long _maskStart = -1;
    private long _maskEnd = -2;

    /// <summary>Whether anything was masked so far.</summary>
    public bool HasMasked => _maskEnd >= 0;

    /// <summary>Masks in <paramref name="bytes"/>, of which the first is at <paramref name="origin"/> in the stream and those before <paramref name="from"/> were scanned.</summary>
    /// <param name="bytes">What is there of the stream.</param>
    /// <param name="from">The first new byte.</param>
    /// <param name="origin">Where in the stream the first byte is.</param>
    /// <param name="isWhole">Whether nothing follows.</param>
    /// <exception cref="EchoWorkExceededException">It takes too much work; what was masked so far isn't all.</exception>
    public void Scan(Span<byte> bytes, int from, long origin, bool isWhole)
    {
        work.Begin(bytes.Length - from);
        var filter = set.FilterFor(bytes.Length - from);
        for (var i = from; i < bytes.Length;)
        {
            var until = filter is null ? bytes.Length : i;
            if (_active.Count == 0 && filter is not null)
            {
                (i, until) = filter.Next(bytes, i, isWhole);
            }

            i = Follow(bytes, i, until, origin);
        }
    }

    /// <summary>Up to where the stream can be released: a byte that may yet be masked is not.</summary>
    public long ReleasableTo(long end)
    {
        foreach (var state in _active)
        {
            end = Math.Min(end, state.Start >= _maskStart && state.Start <= _maskEnd ? _maskEnd + 1 : state.Start);
        }

        return end;
    }

    /// <summary>Tries every beginning up to a place, and goes on beyond it while there is a state; gives where it stopped.</summary>
    private int Follow(Span<byte> bytes, int i, int until, long origin)
    {
        for (; i < bytes.Length; i++)
        {
            if (_active.Count == 0)
            {
                var skip = i < until ? bytes[i..until].IndexOfAny(set.FirstBytes) : -1;
                if (skip < 0)
                {
                    return Math.Max(i, until);
                }

                i += skip;
            }

            var b = bytes[i];
            var mayBegin = i + 1 == bytes.Length || set.MayBegin(b, bytes[i + 1]);
            if (_active.Count == 0 && !mayBegin)
            {
                continue;
            }

            work.Spend(_active.Count - _activeMade, _activeMade);
            if (ReferenceEquals(_next, None))
            {
                _next = [];
            }

            _next.Clear();
            (_nextMade, _entered) = (0, 0);
            _step++;
            foreach (var state in _active)
            {
                Step(state, b, bytes, i, origin);
            }

            foreach (var fork in mayBegin ? set.Forks : [])
            {
                Begin(fork, 0, origin + i, b, bytes, i, origin);
            }

            (_active, _next, _activeMade) = (_next, _active, _nextMade);
        }

        return i;
    }

    private void Begin(EchoFork fork, int index, long start, byte b, Span<byte> bytes, int i, long origin)
    {
        foreach (var branch in fork.With(b))
        {
            Step(new State(branch, index, branch[index], start), b, bytes, i, origin);
        }
    }

    private void Step(State state, byte b, Span<byte> bytes, int i, long origin)
    {
        var branch = state.Branch;
        if (state.Node is null)
        {
            Begin(branch.Fork!, state.Index, state.Start, b, bytes, i, origin);
            return;
        }

        if (state.Node.Find(b) is not { } node)
        {
            return;
        }

        if (!node.Keys.IsEmpty)
        {
            Add(state with { Node = node, IsAtFirst = false });
        }

        if (!node.Accepts)
        {
            return;
        }

        var index = state.Index + 1;
        var start = state.Start;
        if (index >= branch.AcceptFrom)
        {
            Mask(bytes, start, origin, i);
            start = origin + i + 1;
        }

        if (index < branch.End || branch.Fork is not null)
        {
            Enter(new State(branch, index, index < branch.End ? branch[index] : null, start));
        }
    }

    private void Add(State state)
    {
        _next.Add(state);
        _nextMade += state.Branch.IsMade ? 1 : 0;
    }

    // Two ways to the same place (a backslash is also the beginning of `\\`) meet here; the earlier beginning stays.
    private void Enter(State state)
    {
        if (2 * ++_entered > _places.Length)
        {
            Grow();
        }

        ref var place = ref Find(state);
        if (place >> IndexBits == _step)
        {
            var same = (int)(place & ((1 << IndexBits) - 1));
            _next[same] = state with { Start = Math.Min(state.Start, _next[same].Start) };
            return;
        }

        place = (_step << IndexBits) | (long)_next.Count;
        Add(state);
    }

    /// <summary>The entry of a place, or the one where it is to be.</summary>
    private ref long Find(State state)
    {
        var mask = _places.Length - 1;
        var hash = HashCode.Combine(RuntimeHelpers.GetHashCode(state.Branch), state.Index);
        for (var at = hash & mask; ; at = (at + 1) & mask)
        {
            ref var place = ref _places[at];
            if (place >> IndexBits != _step)
            {
                return ref place;
            }

            var other = _next[(int)(place & ((1 << IndexBits) - 1))];
            if (ReferenceEquals(other.Branch, state.Branch) && other.Index == state.Index)
            {
                return ref place;
            }
        }
    }

    private void Grow()
    {
        _places = new long[Math.Max(FirstPlaces, 2 * _places.Length)];
        for (var i = 0; i < _next.Count; i++)
        {
            if (_next[i].IsAtFirst)
            {
                Find(_next[i]) = (_step << IndexBits) | (long)i;
            }
        }
    }

    private void Mask(Span<byte> bytes, long start, long origin, int last)
    {
        bytes[(int)Math.Max(0, start - origin)..(last + 1)].Fill((byte)'*');
        _maskStart = start <= _maskEnd + 1 ? Math.Min(start, _maskStart) : start;
        _maskEnd = origin + last;
    }

    /// <summary>Where a branch is: at a node of the encodings of its character (the first: none of it was seen yet; null: behind all, at its fork), and where the echo began.</summary>
    private readonly record struct State(EchoBranch Branch, int Index, EncodingNode? Node, long Start, bool IsAtFirst = true);
}
