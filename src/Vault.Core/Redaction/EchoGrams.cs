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
    public const int EscapeLength = EscapeShapes.Length;

    private const int GramBits = 17;
    private const int Bits = 16;
    private const uint NoContext = 0;
    private const uint PairContext = 0x27D4EB2F;

    private readonly uint[] _grams;
    private readonly uint[] _gramsAgain;
    private readonly uint[] _escapes;
    private readonly uint[] _escapesAgain;
    private bool _hasPairs;

    /// <summary>Those of other grams, to be added to; or none.</summary>
    public EchoGrams(EchoGrams? known)
    {
        _grams = known is null ? new uint[(1 << GramBits) / 32] : [.. known._grams];
        _gramsAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._gramsAgain];
        _escapes = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapes];
        _escapesAgain = known is null ? new uint[(1 << Bits) / 32] : [.. known._escapesAgain];
        _hasPairs = known?._hasPairs is true;
        Shapes = new EscapeShapes(known?.Shapes);
    }

    /// <summary>What escapes look like, for many places at a time.</summary>
    public EscapeShapes Shapes { get; }

    /// <summary>Adds those of a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="start">The character at which its echo begins.</param>
    /// <param name="window">How many bytes of the echo are looked at.</param>
    public void Add(EchoPattern pattern, int start, int window)
    {
        var states = EchoStates.At(pattern, start);
        AddEscapes(states, NoContext);
        for (var offset = 0; offset < window; offset++)
        {
            var next = states.Next();
            if (offset <= window - Length && start == pattern.StartFrom)
            {
                AddGrams(states, next, 0, Length);
            }

            // An escape behind one byte is the second of an echo; behind two it may be any later one.
            foreach (var before in next.Where(b => !IsEscape(b)))
            {
                var one = states.After(before);
                if (offset == 0)
                {
                    AddEscapes(one, Context(before));
                }

                foreach (var last in offset + 2 < window ? one.Next() : [])
                {
                    if (!IsEscape(last))
                    {
                        AddEscapes(one.After(last), Context(before, last));
                    }
                }
            }

            states = states.After([.. next.Where(b => !IsEscape(b))]);
        }
    }

    private void AddEscapes(EchoStates states, uint context)
    {
        foreach (var escape in states.Next().Where(IsEscape))
        {
            var after = states.After(escape);
            for (var b = 0; after.IsComplete && b < 256; b++)
            {
                // The last character of the echo: anything may follow.
                AddPair(escape | ((uint)b << 8), context);
                Shapes.AddAny(escape, (byte)b);
            }

            foreach (var second in after.Next())
            {
                var pair = escape | ((uint)second << 8);
                var isNumber = IsNumber(pair);
                Shapes.Add(escape, second, after.After(second));
                AddEscapes(after.After(second), context, pair, isNumber ? 0 : pair, isNumber ? 0 : 2);
            }
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
    private void AddEscapes(EchoStates states, uint context, uint pair, uint gram, int length)
    {
        if (length == Length)
        {
            AddEscape(gram ^ context);
            return;
        }

        if (states.IsComplete && length < Length - 1)
        {
            AddPair(pair, context);
        }

        for (var b = 0u; states.IsComplete && length == Length - 1 && b < 256; b++)
        {
            AddEscape((gram | (b << (8 * length))) ^ context);
        }

        foreach (var b in states.Next())
        {
            AddEscapes(states.After(b), context, pair, gram | ((uint)b << (8 * length)), length + 1);
        }
    }

    private void AddPair(uint pair, uint context)
    {
        AddEscape(pair ^ PairContext ^ context);
        _hasPairs = true;
    }

    private void AddEscape(uint gram)
    {
        Set(_escapes, First(gram));
        Set(_escapesAgain, Second(gram));
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

    /// <summary>
    /// How far before an escape an echo may begin that has its first escape there: 0 or 1 bytes, or more than can be told; negative where
    /// there is none.
    /// </summary>
    /// <param name="bytes">All bytes that are there.</param>
    /// <param name="from">Where the echo may begin first.</param>
    /// <param name="at">Where the escape is.</param>
    public int Reach(ReadOnlySpan<byte> bytes, int from, int at)
    {
        if (bytes.Length - at < EscapeLength)
        {
            return int.MaxValue;
        }

        var pair = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        var gram = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(IsNumber(pair) ? at + 2 : at)..]);
        if (at - from >= 2 && MayBeEscape(gram, pair, Context(bytes[at - 2], bytes[at - 1])))
        {
            return int.MaxValue;
        }

        if (at - from >= 1 && MayBeEscape(gram, pair, Context(bytes[at - 1])))
        {
            return 1;
        }

        return MayBeEscape(gram, pair, NoContext) ? 0 : -1;
    }

    private bool MayBeEscape(uint gram, uint pair, uint context) =>
        HasEscape(gram ^ context) || (_hasPairs && HasEscape(pair ^ PairContext ^ context));

    private bool HasEscape(uint gram) => Has(_escapes, First(gram)) && Has(_escapesAgain, Second(gram));

    // What tells escapes apart: of \u0041, &#65; and &#x41; the digits, of all others the four bytes from the backslash, percent sign or ampersand on.
    private static bool IsNumber(uint pair) => pair is ('\\' | ('u' << 8)) or ('&' | ('#' << 8));

    // An escape of an echo is told from those of other texts by the bytes before it too.
    private static uint Context(byte before) => (before + 1u) * 0xC2B2AE35;

    private static uint Context(byte before, byte last) => (uint)((before << 8) + last + 257) * 0xC2B2AE35;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Gram(ref byte first, int at)
    {
        var gram = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, (nint)(uint)at));
        return BitConverter.IsLittleEndian ? gram : BinaryPrimitives.ReverseEndianness(gram);
    }

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
