using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Vault.Core.Redaction;

/// <summary>
/// Tells, many bytes at a time, where no echo begins. Of the first <c>Window</c> bytes of any echo either one is a byte that
/// begins an escape (<c>\</c>, <c>%</c>, <c>&amp;</c>), and those are found by a vectorised search; or none is, and then
/// it is enough to look at every <c>Stride</c>-th place: one of the first grams (four bytes) of the echo stands
/// there. Both kinds of gram are looked up in bit maps. What it doesn't rule out is left to <see cref="EchoScanner"/>, so it may be
/// wrong in that direction alone. Immutable.
/// </summary>
internal sealed class EchoFilter
{
    private const int GramLength = 4;
    private const int EscapeLength = 6;
    private const int MaxWindow = 20;
    private const int Block = 512;
    private const int GramBits = 17;
    private const int Bits = 16;

    private readonly uint[] _grams;
    private readonly uint[] _gramsAgain;
    private readonly uint[] _escapes;
    private readonly uint[] _escapesAgain;
    private readonly uint[] _escapePairs;
    private readonly bool _hasEscapePairs;
    private readonly int _window;
    private readonly int _stride;

    private EchoFilter(EchoFilter? known, EchoPattern[] added)
    {
        _grams = known is null ? new uint[(1 << GramBits) / 32] : [.. known._grams];
        _gramsAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._gramsAgain];
        _escapes = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapes];
        _escapesAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapesAgain];
        _escapePairs = known is null ? new uint[3 * 256 / 32] : [.. known._escapePairs];

        // The grams of a longer window hold those of a shorter one.
        _window = Math.Min(known?._window ?? MaxWindow, added.Min(pattern => pattern.AcceptFrom - pattern.StartFrom));
        _stride = _window - GramLength + 1;
        foreach (var pattern in added)
        {
            for (var start = 0; start <= pattern.StartFrom; start++)
            {
                AddPattern(pattern, start);
            }
        }

        _hasEscapePairs = _escapePairs.AsSpan().ContainsAnyExcept(0u);
    }

    /// <summary>How many bytes at the end of a piece can't be judged before more is there.</summary>
    private int Tail => _window + EscapeLength;

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
        var sampleEnd = Math.Min(end + _stride, bytes.Length - GramLength + 1);
        var escapeEnd = Math.Min(end + _window, bytes.Length);
        if (from < end)
        {
            var sample = from;
            for (var block = from; block < escapeEnd; block += Block)
            {
                var blockEnd = Math.Min(block + Block, escapeEnd);
                var escape = FindEscape(bytes, block, blockEnd);
                if (FindGram(bytes, from, ref sample, Math.Min(escape, sampleEnd)))
                {
                    // An echo that began before and has its escape behind this place is within the window too.
                    return (Math.Max(from, sample - _window), sample + 1);
                }

                if (escape < blockEnd)
                {
                    return (Math.Max(from, escape - _window), escape + 1);
                }
            }
        }

        return isWhole ? (bytes.Length, bytes.Length) : (Math.Max(from, end), bytes.Length);
    }

    /// <summary>The first escape that may be one of an echo; the end where there is none.</summary>
    private int FindEscape(ReadOnlySpan<byte> bytes, int from, int end)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        ref var map = ref MemoryMarshal.GetArrayDataReference(_escapes);
        var at = from;
        for (; at + Vector256<byte>.Count <= end && at + Vector256<byte>.Count + EscapeLength <= bytes.Length; at += Vector256<byte>.Count)
        {
            var loaded = Vector256.LoadUnsafe(ref first, (nuint)(uint)at);
            var found = (Vector256.Equals(loaded, Vector256.Create((byte)'\\'))
                | Vector256.Equals(loaded, Vector256.Create((byte)'%'))
                | Vector256.Equals(loaded, Vector256.Create((byte)'&'))).ExtractMostSignificantBits();
            for (; found != 0; found &= found - 1)
            {
                var escape = at + BitOperations.TrailingZeroCount(found);
                var gram = EscapeGram(ref first, escape);
                if (((Bit(ref map, First(gram)) & 1) != 0 || _hasEscapePairs) && MayBeEscape(bytes[escape..]))
                {
                    return escape;
                }
            }
        }

        for (; at < end; at++)
        {
            if (IsEscape(bytes[at]) && MayBeEscape(bytes[at..]))
            {
                return at;
            }
        }

        return end;
    }

    /// <summary>Steps through the samples up to an end; true where one of them is a gram, and those around it are too.</summary>
    private bool FindGram(ReadOnlySpan<byte> bytes, int from, ref int sample, int end)
    {
        var stride = _stride;
        ref var map = ref MemoryMarshal.GetArrayDataReference(_grams);
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = sample;
        while (at < end)
        {
            // Four at a time; each reads GramLength bytes, and `end` leaves room for them.
            for (var last = end - (3 * stride); at < last; at += 4 * stride)
            {
                var any = Bit(ref map, FirstOfGram(Gram(ref first, at)))
                    | Bit(ref map, FirstOfGram(Gram(ref first, at + stride)))
                    | Bit(ref map, FirstOfGram(Gram(ref first, at + (2 * stride))))
                    | Bit(ref map, FirstOfGram(Gram(ref first, at + (3 * stride))));
                if ((any & 1) != 0)
                {
                    break;
                }
            }

            for (var i = 0; i < 4 && at < end; i++, at += stride)
            {
                var gram = Gram(ref first, at);
                if ((Bit(ref map, FirstOfGram(gram)) & 1) != 0 && Has(_gramsAgain, Second(gram)) && IsInRun(bytes, from, at))
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
        while (start > from && start > at - _stride && IsGram(bytes, start - 1))
        {
            start--;
        }

        var end = at;
        while (end < start + _stride && end + GramLength <= bytes.Length && IsGram(bytes, end))
        {
            end++;
        }

        return end >= start + _stride;
    }

    private bool IsGram(ReadOnlySpan<byte> bytes, int at)
    {
        var gram = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
        return Has(_grams, FirstOfGram(gram)) && Has(_gramsAgain, Second(gram));
    }

    private bool MayBeEscape(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EscapeLength)
        {
            return true;
        }

        var gram = EscapeGram(ref MemoryMarshal.GetReference(bytes), 0);
        return (Has(_escapes, First(gram)) && Has(_escapesAgain, Second(gram))) || Has(_escapePairs, Pair(bytes[0], bytes[1]));
    }

    private void AddPattern(EchoPattern pattern, int start)
    {
        var states = EchoStates.At(pattern, start);
        for (var offset = 0; offset < _window; offset++)
        {
            var next = states.Next();
            if (offset < _stride && start == pattern.StartFrom)
            {
                AddGrams(states, next, 0, GramLength);
            }

            foreach (var escape in next.Where(IsEscape))
            {
                var after = states.After(escape);
                for (var b = 0; after.IsComplete && b < 256; b++)
                {
                    // The last character of the echo: anything may follow.
                    Set(_escapePairs, Pair(escape, (byte)b));
                }

                foreach (var second in after.Next())
                {
                    var isUnicode = escape == '\\' && second == 'u';
                    var pair = escape | ((uint)second << 8);
                    AddEscapes(after.After(second), pair, isUnicode ? 0 : pair, isUnicode ? 0 : 2);
                }
            }

            states = states.After([.. next.Where(b => !IsEscape(b))]);
        }
    }

    private void AddGrams(EchoStates states, List<byte> next, uint gram, int left)
    {
        foreach (var b in next)
        {
            if (IsEscape(b))
            {
                continue;
            }

            var longer = (gram >> 8) | ((uint)b << 24);
            if (left > 1)
            {
                var after = states.After(b);
                AddGrams(after, after.Next(), longer, left - 1);
                continue;
            }

            Set(_grams, FirstOfGram(longer));
            Set(_gramsAgain, Second(longer));
        }
    }

    // Where an echo may end within the gram, anything may follow: one byte is filled in, more make the pair alone suspect.
    private void AddEscapes(EchoStates states, uint pair, uint gram, int length)
    {
        if (length == GramLength)
        {
            AddEscape(gram);
            return;
        }

        if (states.IsComplete && length < GramLength - 1)
        {
            Set(_escapePairs, Pair((byte)pair, (byte)(pair >> 8)));
        }

        for (var b = 0u; states.IsComplete && length == GramLength - 1 && b < 256; b++)
        {
            AddEscape(gram | (b << (8 * length)));
        }

        foreach (var b in states.Next())
        {
            AddEscapes(states.After(b), pair, gram | ((uint)b << (8 * length)), length + 1);
        }
    }

    private void AddEscape(uint gram)
    {
        Set(_escapes, First(gram));
        Set(_escapesAgain, Second(gram));
    }

    private static bool IsEscape(byte b) => b is (byte)'\\' or (byte)'%' or (byte)'&';

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Gram(ref byte first, int at)
    {
        var gram = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, (nint)(uint)at));
        return BitConverter.IsLittleEndian ? gram : BinaryPrimitives.ReverseEndianness(gram);
    }

    // What tells escapes apart: of \u0041 its digits, of all others the four bytes from the backslash, percent sign or ampersand on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint EscapeGram(ref byte first, int at)
    {
        var gram = Gram(ref first, at);
        return (ushort)gram == ('\\' | ('u' << 8)) ? Gram(ref first, at + 2) : gram;
    }

    private static uint Pair(byte escape, byte second) => second | (escape switch { (byte)'\\' => 0u, (byte)'%' => 256u, _ => 512u });

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint FirstOfGram(uint gram) => (gram * 0x9E3779B1) >> (32 - GramBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint First(uint gram) => (gram * 0x9E3779B1) >> (32 - Bits);

    private static uint Second(uint gram) => (BitOperations.RotateLeft(gram, 13) * 0x85EBCA6B) >> (32 - Bits);

    // The wanted bit is the lowest; an index has as many bits as its map has a power of two, so it can't leave it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Bit(ref uint map, uint index) => Unsafe.Add(ref map, (nint)(index >> 5)) >> (int)(index & 31);

    private static bool Has(uint[] map, uint index) => ((map[index >> 5] >> (int)(index & 31)) & 1) != 0;

    private static void Set(uint[] map, uint index) => map[index >> 5] |= 1u << (int)(index & 31);
}
