using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

    // Long enough that its two searches seldom begin, short enough that it stays in the first cache between them.
    private const int Block = 2048;

    private readonly EchoGrams _grams;
    private readonly int _window;
    private readonly int _stride;

    private EchoFilter(EchoFilter? known, EchoPattern[] added)
    {
        // The grams of a longer window hold those of a shorter one.
        _window = Math.Min(known?._window ?? MaxWindow, added.Min(pattern => pattern.AcceptFrom - pattern.StartFrom));
        _stride = _window - EchoGrams.Length + 1;
        _grams = new EchoGrams(known?._grams);
        foreach (var pattern in added)
        {
            for (var start = 0; start <= pattern.StartFrom; start++)
            {
                _grams.Add(pattern, start, _window);
            }
        }
    }

    /// <summary>How many bytes at the end of a piece can't be judged before more is there.</summary>
    private int Tail => _window + EchoEscapes.Length;

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
        for (var last = Math.Min(end, bytes.Length - EchoEscapes.Length) - (4 * Vector256<byte>.Count); at <= last; at += 4 * Vector256<byte>.Count)
        {
            ref var block = ref Unsafe.Add(ref first, at);
            ref var second = ref Unsafe.Add(ref block, Vector256<byte>.Count);
            ref var third = ref Unsafe.Add(ref second, Vector256<byte>.Count);
            ref var fourth = ref Unsafe.Add(ref third, Vector256<byte>.Count);
            var (a, b, c, d) = (Escapes(ref block), Escapes(ref second), Escapes(ref third), Escapes(ref fourth));
            if ((a | b | c | d) == Vector256<byte>.Zero)
            {
                continue;
            }

            (a, b, c, d) = (a & shapes.Match(ref block), b & shapes.Match(ref second), c & shapes.Match(ref third), d & shapes.Match(ref fourth));
            if ((a | b | c | d) == Vector256<byte>.Zero)
            {
                continue;
            }

            // Nothing of the vectors is alive across the calls: it would have to be saved and loaded again.
            var near = Places(a & shapes.MatchFifth(ref block), b & shapes.MatchFifth(ref second));
            var far = Places(c & shapes.MatchFifth(ref third), d & shapes.MatchFifth(ref fourth));
            for (var start = at; (near | far) != 0; (start, near, far) = (start + (2 * Vector256<byte>.Count), far, 0))
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

    // A bit for each byte that isn't zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Places(Vector256<byte> low, Vector256<byte> high) =>
        ~(Vector256.Equals(low, Vector256<byte>.Zero).ExtractMostSignificantBits()
            | ((ulong)Vector256.Equals(high, Vector256<byte>.Zero).ExtractMostSignificantBits() << Vector256<byte>.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Escapes(ref byte first)
    {
        var bytes = Vector256.LoadUnsafe(ref first);
        return Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
            | Vector256.Equals(bytes, Vector256.Create((byte)'%'))
            | Vector256.Equals(bytes, Vector256.Create((byte)'&'));
    }

    /// <summary>Steps through the samples up to an end; true where one of them is a gram, and those around it are too.</summary>
    private bool FindGram(ReadOnlySpan<byte> bytes, int from, ref int sample, int end)
    {
        var stride = _stride;
        ref var map = ref _grams.Map;
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = sample;
        while (at < end)
        {
            // Four at a time; each reads a gram, and `end` leaves room for them.
            for (var last = end - (3 * stride); at < last; at += 4 * stride)
            {
                if (EchoGrams.MayHold(ref map, ref first, at, stride))
                {
                    break;
                }
            }

            for (var i = 0; i < 4 && at < end; i++, at += stride)
            {
                if (_grams.IsGram(bytes, at) && IsInRun(bytes, from, at))
                {
                    sample = at;
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
        var start = at;
        while (start > from && start > at - _stride && _grams.IsGram(bytes, start - 1))
        {
            start--;
        }

        var end = at;
        while (end < start + _stride && end + EchoGrams.Length <= bytes.Length && _grams.IsGram(bytes, end))
        {
            end++;
        }

        return end >= start + _stride;
    }
}
