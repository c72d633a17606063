namespace Vault.Core.Redaction;

/// <summary>
/// Follows all patterns through a stream of bytes at once and masks what they find. For each state only the earliest
/// beginning is kept: what lies between it and an end is masked anyway, so every echo, overlapping or not, is covered, and
/// the work is at most the length of the secrets for each byte, and bounded for a callout (<see cref="EchoWork"/>). Where no state is left, <see cref="EchoFilter"/> says how far
/// it is to the next place worth looking at.
/// </summary>
internal sealed class EchoScanner(RedactionSet set, EchoWork work)
{
    private int[]?[]? _slots;
    // Most answers come to no state at all.
    private static readonly List<State> None = [];
    private List<State> _active = None;
    private List<State> _next = None;
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

            work.Spend(_active.Count);
            if (ReferenceEquals(_next, None))
            {
                _next = [];
            }

            _next.Clear();
            foreach (var state in _active)
            {
                Step(state, b, bytes, i, origin);
            }

            foreach (var start in mayBegin ? set.StartsWith(b) : [])
            {
                Step(new State(start.Pattern, start.Index, set.Patterns[start.Pattern][start.Index], origin + i, IsAtFirst: true), b, bytes, i, origin);
            }

            (_active, _next) = (_next, _active);
        }

        return i;
    }

    private void Step(State state, byte b, Span<byte> bytes, int i, long origin)
    {
        if (state.Node.Find(b) is not { } node)
        {
            return;
        }

        if (!node.Keys.IsEmpty)
        {
            _next.Add(state with { Node = node, IsAtFirst = false });
        }

        if (!node.Accepts)
        {
            return;
        }

        var pattern = set.Patterns[state.Pattern];
        var index = state.Index + 1;
        var start = state.Start;
        if (index >= pattern.AcceptFrom)
        {
            Mask(bytes, start, origin, i);
            start = origin + i + 1;
        }

        if (index < pattern.Length)
        {
            Enter(new State(state.Pattern, index, pattern[index], start, IsAtFirst: true));
        }
    }

    // Two ways to the same place (a backslash is also the beginning of `\\`) meet here; the earlier beginning stays.
    private void Enter(State state)
    {
        _slots ??= new int[set.Patterns.Length][];
        var slots = _slots[state.Pattern] ??= new int[set.Patterns[state.Pattern].Length];
        var slot = slots[state.Index];
        if (slot < _next.Count && _next[slot] is { IsAtFirst: true } other && other.Pattern == state.Pattern && other.Index == state.Index)
        {
            _next[slot] = state with { Start = Math.Min(state.Start, other.Start) };
            return;
        }

        slots[state.Index] = _next.Count;
        _next.Add(state);
    }

    private void Mask(Span<byte> bytes, long start, long origin, int last)
    {
        bytes[(int)Math.Max(0, start - origin)..(last + 1)].Fill((byte)'*');
        _maskStart = start <= _maskEnd + 1 ? Math.Min(start, _maskStart) : start;
        _maskEnd = origin + last;
    }

    /// <summary>Where a pattern stands: at a node of the encodings of its character (the first: none of it was seen yet), and where the echo began.</summary>
    private readonly record struct State(int Pattern, int Index, EncodingNode Node, long Start, bool IsAtFirst);
}
