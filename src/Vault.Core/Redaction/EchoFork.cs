using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// Where patterns part: each way on from there. What patterns have in common at their beginning is followed once for all of them, so that what a byte costs goes by
/// how many different characters may be written there, not by how many secrets there are: thousands of tokens that a service gave in a day, all with the same head.
/// </summary>
internal sealed class EchoFork
{
    // Fewer are tried one by one.
    private const int IndexFrom = 5;

    private readonly EchoBranch[] _branches;
    private readonly EchoBranch[]?[]? _byFirst;

    private EchoFork(EchoBranch[] branches, int depth)
    {
        _branches = branches;
        if (branches.Length < IndexFrom)
        {
            return;
        }

        var byFirst = new List<EchoBranch>?[256];
        foreach (var branch in branches)
        {
            foreach (var first in branch[depth].Keys)
            {
                (byFirst[first] ??= []).Add(branch);
            }
        }

        _byFirst = [.. byFirst.Select(branches => branches?.ToArray())];
    }

    /// <summary>The ways on that may go on with this byte: all of those that do.</summary>
    public ReadOnlySpan<EchoBranch> With(byte first) => _byFirst is null ? _branches : _byFirst[first];

    /// <summary>Where all of these begin.</summary>
    /// <param name="patterns">The patterns.</param>
    /// <param name="isMade">Whether callers have a say in how many there are, and what they are like.</param>
    public static EchoFork Of(ReadOnlySpan<EchoPattern> patterns, bool isMade)
    {
        var count = 0;
        foreach (var pattern in patterns)
        {
            count += pattern.StartFrom + 1;
        }

        var starts = new Start[count];
        foreach (var pattern in patterns)
        {
            for (var offset = 0; offset <= pattern.StartFrom; offset++)
            {
                starts[^count--] = new Start(pattern, offset);
            }
        }

        return Of(starts, 0, isMade);
    }

    private static EchoFork Of(Span<Start> starts, int depth, bool isMade)
    {
        var keys = new int[starts.Length];
        for (var i = 0; i < starts.Length; i++)
        {
            keys[i] = starts[i].Key(depth);
        }

        keys.AsSpan().Sort(starts);
        List<EchoBranch> branches = [];
        for (var (from, to) = (0, 0); from < starts.Length; from = to)
        {
            var other = keys.AsSpan(from).IndexOfAnyExcept(keys[from]);
            to = other < 0 ? starts.Length : from + other;
            var group = starts[from..to];

            // How one ends is its own: those that may end here go on alone, and so does one that is left.
            var alone = 0;
            for (var i = 0; i < group.Length; i++)
            {
                if (group[i].Limit <= depth)
                {
                    (group[alone], group[i]) = (group[i], group[alone]);
                    alone++;
                }
            }

            alone += group.Length - alone == 1 ? 1 : 0;
            foreach (var (pattern, offset) in group[..alone])
            {
                branches.Add(new EchoBranch(pattern, offset, pattern.Length - offset, null, isMade));
            }

            if (alone < group.Length)
            {
                var end = End(group[alone..], depth);
                branches.Add(new EchoBranch(group[alone].Pattern, group[alone].Offset, end, Of(group[alone..], end, isMade), isMade));
            }
        }

        return new EchoFork([.. branches], depth);
    }

    // How far they have the same characters. None may end before they part: how it ends is each one's own.
    private static int End(ReadOnlySpan<Start> same, int depth)
    {
        var limit = int.MaxValue;
        foreach (var start in same)
        {
            limit = Math.Min(limit, start.Limit);
        }

        var end = depth + 1;
        while (end < limit && AreSame(same, end))
        {
            end++;
        }

        return end;
    }

    private static bool AreSame(ReadOnlySpan<Start> starts, int depth)
    {
        var key = starts[0].Key(depth);
        foreach (var start in starts[1..])
        {
            if (start.Key(depth) != key)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A place where a pattern may begin.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Start(EchoPattern Pattern, int Offset)
    {
        /// <summary>Behind how many characters it hasn't ended.</summary>
        public int Limit => Pattern.AcceptFrom - Offset - 1;

        public int Key(int depth) => Pattern.Key(Offset + depth);
    }
}

/// <summary>A row of characters that patterns have in common, or the rest of one alone.</summary>
/// <param name="pattern">One of those that have it.</param>
/// <param name="offset">The character at which its echo begins.</param>
/// <param name="end">Behind how many characters of the echo it ends.</param>
/// <param name="fork">How they go on; null: it is one pattern's alone.</param>
/// <param name="isMade">Whether callers have a say in it.</param>
internal sealed class EchoBranch(EchoPattern pattern, int offset, int end, EchoFork? fork, bool isMade)
{
    /// <summary>Behind how many characters it ends.</summary>
    public int End { get; } = end;

    /// <summary>How many characters are enough for an echo.</summary>
    public int AcceptFrom { get; } = fork is null ? pattern.AcceptFrom - offset : int.MaxValue;

    /// <summary>How it goes on behind its end; null: not at all.</summary>
    public EchoFork? Fork { get; } = fork;

    /// <summary>Whether callers have a say in it: a merge field made it.</summary>
    public bool IsMade { get; } = isMade;

    /// <summary>The encodings of the character behind so many.</summary>
    public EncodingNode this[int depth] => pattern[offset + depth];
}
