using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// Tells, many bytes at a time, where no echo begins. Of the first <c>Window</c> bytes of any echo either one is a byte that
/// begins an escape (<c>\</c>, <c>%</c>, <c>&amp;</c>), and those are found by a vectorised search, which leaves out nearly all that other
/// texts hold; or none is, and then it is enough to look at every <c>Stride</c>-th place: one of the first grams (four bytes) of the echo stands
/// there. Grams, and what is left of the escapes, are looked up in bit maps. What it doesn't rule out is left to <see cref="EchoScanner"/>, so it may be
/// wrong in that direction alone. Immutable.
/// </summary>
internal sealed class EchoFilter
{
    private const int MaxWindow = 20;
    private const int LongestHead = 1 + MaxWindow + EchoEscapes.Length;

    // Long enough that its two searches seldom begin, short enough that it stays in the first cache between them.
    private const int Block = 8192;

    private readonly EchoGrams _grams;
    private readonly int _window;
    private readonly int _stride;
    private readonly bool _isWide;

    private EchoFilter(EchoFilter? known, EchoPattern[] added)
    {
        // The grams of a longer window hold those of a shorter one.
        _window = Math.Min(known?._window ?? MaxWindow, added.Min(pattern => pattern.AcceptFrom - pattern.StartFrom));
        _stride = _window - EchoGrams.Length + 1;
        _grams = new EchoGrams(known?._grams);
        foreach (var pattern in added.DistinctBy(Head))
        {
            for (var start = 0; start <= pattern.StartFrom; start++)
            {
                _grams.Add(pattern, start, _window);
            }
        }

        _isWide = _stride is >= GramTables.Stride and < (2 * GramTables.Stride) && _grams.Tables.IsUseful;
    }

    /// <summary>How many bytes at the end of a piece can't be judged before more is there.</summary>
    private int Tail => _window + EchoEscapes.Length;

    /// <summary>How many different beginnings there are.</summary>
    public static int CountHeads(EchoPattern[] patterns) => patterns.DistinctBy(Head).Count();

    // What is looked at of it, an escape at the end of the window and what follows that included: the tokens of one service may all begin alike.
    private static string Head(EchoPattern pattern)
    {
        Span<int> keys = stackalloc int[2 + LongestHead];
        keys.Fill(-1);
        (keys[0], keys[1]) = (pattern.StartFrom, Math.Min(pattern.AcceptFrom, LongestHead));
        for (var index = 0; index < Math.Min(LongestHead, pattern.Length); index++)
        {
            keys[index + 2] = pattern.Key(index);
        }

        return new string(MemoryMarshal.Cast<int, char>(keys));
    }

    /// <summary>A filter for what another one knows and more; at least one pattern.</summary>
    public static EchoFilter Of(EchoFilter? known, EchoPattern[] added) => new(known, added);

    /// <summary>
    /// The next bytes at which an echo may begin, from <paramref name="from"/> on: those before them are ruled out.
    /// </summary>
    /// <param name="bytes">All bytes that are there.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="isWhole">Whether nothing follows; else the last bytes can't be ruled out.</param>
    public (int From, int To) Next(ReadOnlySpan<byte> bytes, int from, bool isWhole)
    {
        var end = bytes.Length - (isWhole ? _window - 1 : Tail);
        var sampleEnd = Math.Min(end + _stride, bytes.Length - EchoGrams.Length + 1);
        var escapeEnd = Math.Min(end + _window, bytes.Length);
        if (from < end)
        {
            var sample = from;
            for (var block = from; block < escapeEnd; block += Block)
            {
                var blockEnd = Math.Min(block + Block, escapeEnd);
                var escape = FindEscape(bytes, from, block, blockEnd, out var reach);
                if (FindGram(bytes, from, ref sample, Math.Min(escape, sampleEnd)))
                {
                    // An echo that began before and has its escape behind this place is within the window too.
                    return (Math.Max(from, sample - _window), sample + 1);
                }

                if (escape < blockEnd)
                {
                    return (Math.Max(from, escape - Math.Min(reach, _window)), escape + 1);
                }
            }
        }

        return isWhole ? (bytes.Length, bytes.Length) : (Math.Max(from, end), bytes.Length);
    }

    /// <summary>The first escape that may be one of an echo, and how far before it that may begin; the end where there is none.</summary>
    private int FindEscape(ReadOnlySpan<byte> bytes, int from, int at, int end, out int reach)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var escapes = _grams.Escapes;
        var shapes = escapes.Shapes;
        for (var last = Math.Min(end, bytes.Length - EchoEscapes.Length) - EscapeShapes.Places; at <= last; at += EscapeShapes.Places)
        {
            if (!shapes.Find(ref Unsafe.Add(ref first, at), out var near, out var far))
            {
                continue;
            }

            for (var start = at; (near | far) != 0; (start, near, far) = (start + (EscapeShapes.Places / 2), far, 0))
            {
                for (; near != 0; near &= near - 1)
                {
                    var escape = start + BitOperations.TrailingZeroCount(near);
                    if (escapes.MayHold(ref Unsafe.Add(ref first, escape)) && (reach = escapes.Reach(bytes, from, escape)) >= 0)
                    {
                        return escape;
                    }
                }
            }
        }

        for (; at < end; at++)
        {
            if (EchoEscapes.IsEscape(bytes[at]) && (reach = escapes.Reach(bytes, from, at)) >= 0)
            {
                return at;
            }
        }

        reach = -1;
        return end;
    }

    /// <summary>Steps through the samples up to an end; true where one of them is a gram, and those around it are too.</summary>
    private bool FindGram(ReadOnlySpan<byte> bytes, int from, ref int sample, int end)
    {
        if (_isWide && FindGramWide(bytes, from, ref sample, end))
        {
            return true;
        }

        var stride = (nint)_stride;
        ref var map = ref _grams.Map;
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = sample;
        while (at < end)
        {
            // Four at a time; what is near the end, where a place behind the last four might lie outside, is left to the loop below.
            var last = end - (7 * stride);
            if (at < last)
            {
                ref var place = ref Unsafe.Add(ref first, at);
                ref var lastPlace = ref Unsafe.Add(ref first, last);
                while (Unsafe.IsAddressLessThan(ref place, ref lastPlace)
                    && (EchoGrams.MayHold(ref map, ref place, 0) | EchoGrams.MayHold(ref map, ref place, stride)
                        | EchoGrams.MayHold(ref map, ref place, 2 * stride) | EchoGrams.MayHold(ref map, ref place, 3 * stride)) == 0)
                {
                    place = ref Unsafe.Add(ref place, 4 * stride);
                }

                at = (int)Unsafe.ByteOffset(ref first, ref place);
            }

            for (var i = 0; i < 4 && at < end; i++, at += _stride)
            {
                if (_grams.IsGram(ref first, at) && IsInRun(bytes, from, at))
                {
                    sample = at;
                    return true;
                }
            }
        }

        sample = at;
        return false;
    }

    /// <summary>The same for a small stride, sixteen samples at a time; it stops where there is no room for so many.</summary>
    private bool FindGramWide(ReadOnlySpan<byte> bytes, int from, ref int sample, int end)
    {
        ref var tables = ref _grams.Tables.First;
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = sample;
        for (; at + GramTables.Places <= end; at += GramTables.Places)
        {
            for (var found = GramTables.Find(ref tables, ref Unsafe.Add(ref first, at)); found != 0; found &= found - 1)
            {
                var place = at + (GramTables.Stride * BitOperations.TrailingZeroCount(found));
                if (_grams.IsGram(ref first, place) && IsInRun(bytes, from, place))
                {
                    sample = place;
                    return true;
                }
            }
        }

        sample = at;
        return false;
    }

    /// <summary>An echo without an escape in its window has a gram at every place of its first <c>Stride</c>: one alone is chance.</summary>
    private bool IsInRun(ReadOnlySpan<byte> bytes, int from, int at)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var last = bytes.Length - EchoGrams.Length;

        // Wherever such a row begins, it holds one of these two, which are far enough away to tell much.
        var before = at - ((_stride - 1) / 2);
        var behind = before + _stride;
        if (!(before >= from && _grams.IsGram(ref first, before)) && !(behind <= last && _grams.IsGram(ref first, behind)))
        {
            return false;
        }

        var start = at;
        while (start > from && start > at - _stride && _grams.IsGram(ref first, start - 1))
        {
            start--;
        }

        var end = at;
        while (end < start + _stride && end <= last && _grams.IsGram(ref first, end))
        {
            end++;
        }

        return end >= start + _stride;
    }
}
