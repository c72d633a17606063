using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// Bit maps of what stands in the first <c>window</c> bytes of any echo: grams (four bytes in a row, none of them the beginning of an
/// escape) at its first places, and the first escape with what follows it. A map may say yes where the answer is no, never the
/// other way; two maps with different hashes make that rare. Filled by one thread, then read by any number.
/// </summary>
internal sealed class EchoGrams
{
    /// <summary>Bytes of a gram.</summary>
    public const int Length = 4;

    /// <summary>Bytes that tell whether an escape may be one of an echo.</summary>
    public const int EscapeLength = 6;

    private const int GramBits = 17;
    private const int Bits = 16;

    private readonly uint[] _grams;
    private readonly uint[] _gramsAgain;
    private readonly uint[] _escapes;
    private readonly uint[] _escapesAgain;
    private readonly uint[] _escapePairs;
    private bool _hasEscapePairs;

    /// <summary>Those of other grams, to be added to; or none.</summary>
    public EchoGrams(EchoGrams? known)
    {
        _grams = known is null ? new uint[(1 << GramBits) / 32] : [.. known._grams];
        _gramsAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._gramsAgain];
        _escapes = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapes];
        _escapesAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapesAgain];
        _escapePairs = known is null ? new uint[3 * 256 / 32] : [.. known._escapePairs];
        _hasEscapePairs = known?._hasEscapePairs is true;
    }

    /// <summary>Adds those of a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="start">The character at which its echo begins.</param>
    /// <param name="window">How many bytes of the echo are looked at.</param>
    public void Add(EchoPattern pattern, int start, int window)
    {
        var states = EchoStates.At(pattern, start);
        for (var offset = 0; offset < window; offset++)
        {
            var next = states.Next();
            if (offset <= window - Length && start == pattern.StartFrom)
            {
                AddGrams(states, next, 0, Length);
            }

            foreach (var escape in next.Where(IsEscape))
            {
                var after = states.After(escape);
                for (var b = 0; after.IsComplete && b < 256; b++)
                {
                    // The last character of the echo: anything may follow.
                    AddPair(Pair(escape, (byte)b));
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
        if (length == Length)
        {
            AddEscape(gram);
            return;
        }

        if (states.IsComplete && length < Length - 1)
        {
            AddPair(Pair((byte)pair, (byte)(pair >> 8)));
        }

        for (var b = 0u; states.IsComplete && length == Length - 1 && b < 256; b++)
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

    private void AddPair(uint pair)
    {
        Set(_escapePairs, pair);
        _hasEscapePairs = true;
    }

    /// <summary>Whether the byte begins an escape.</summary>
    public static bool IsEscape(byte b) => b is (byte)'\\' or (byte)'%' or (byte)'&';

    /// <summary>Whether one of four grams may be in the map: the bytes from four places on, each with room for a gram.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayHold(ref uint map, ref byte first, int at, int stride) =>
        ((Bit(ref map, FirstOfGram(Gram(ref first, at)))
            | Bit(ref map, FirstOfGram(Gram(ref first, at + stride)))
            | Bit(ref map, FirstOfGram(Gram(ref first, at + (2 * stride))))
            | Bit(ref map, FirstOfGram(Gram(ref first, at + (3 * stride))))) & 1) != 0;

    /// <summary>The map for <see cref="MayHold"/>.</summary>
    public ref uint Map => ref MemoryMarshal.GetArrayDataReference(_grams);

    /// <summary>Whether the bytes from there on are a gram.</summary>
    public bool IsGram(ReadOnlySpan<byte> bytes, int at)
    {
        var gram = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
        return Has(_grams, FirstOfGram(gram)) && Has(_gramsAgain, Second(gram));
    }

    /// <summary>Whether an escape with room behind it may be one of an echo; a quick look before <see cref="MayBeEscape"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHoldEscape(ref byte first, int at) =>
        (Bit(ref MemoryMarshal.GetArrayDataReference(_escapes), First(EscapeGram(ref first, at))) & 1) != 0 || _hasEscapePairs;

    /// <summary>Whether the escape at the beginning of the bytes may be one of an echo.</summary>
    public bool MayBeEscape(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EscapeLength)
        {
            return true;
        }

        var gram = EscapeGram(ref MemoryMarshal.GetReference(bytes), 0);
        return (Has(_escapes, First(gram)) && Has(_escapesAgain, Second(gram))) || Has(_escapePairs, Pair(bytes[0], bytes[1]));
    }

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
