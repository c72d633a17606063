using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Vault.Core.Redaction;

/// <summary>
/// A small set of grams in four tables of 1,024 bits, each of which a processor with AVX-512 holds in two registers: it looks up sixteen grams at
/// once without touching memory. It may say yes where the answer is no, never the other way. Filled by one thread, then read by any number.
/// </summary>
internal sealed class GramTables
{
    /// <summary>At how many bytes it looks at once: a gram at every fourth of them.</summary>
    public const int Places = 128;

    /// <summary>How far its grams are apart.</summary>
    public const int Stride = 4;

    private const uint FirstFactor = 0x9E3779B1;
    private const uint SecondFactor = 0x85EBCA6B;
    private const int Words = 32;
    private const int Tables = 4;

    // Where more of the bits are set, it says yes too often to be worth it.
    private const double Fullest = 0.35;

    private readonly uint[] _words;

    /// <summary>Those of others, to be added to; or none.</summary>
    public GramTables(GramTables? known) => _words = known is null ? new uint[Tables * Words] : [.. known._words];

    /// <summary>Whether to look here: the processor can, and few enough grams are in it.</summary>
    public bool IsUseful => Avx512F.IsSupported && _words.Sum(word => BitOperations.PopCount(word)) < Fullest * Tables * Words * 32;

    /// <summary>The first word, for <see cref="Find"/>.</summary>
    public ref uint First => ref MemoryMarshal.GetArrayDataReference(_words);

    /// <summary>Adds a gram.</summary>
    public void Add(uint gram)
    {
        var (a, b) = (gram * FirstFactor, gram * SecondFactor);
        Set(0, a >> 27, a >> 22);
        Set(1, a >> 17, a >> 12);
        Set(2, b >> 27, b >> 22);
        Set(3, b >> 17, b >> 12);
    }

    /// <summary>The places from there on, every fourth, at which a gram may be: a bit for each, the first in the lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Find(ref uint tables, ref byte first)
    {
        var a = Test(ref tables, Vector512.LoadUnsafe(ref first).AsUInt32());
        var b = Test(ref tables, Vector512.LoadUnsafe(ref first, (nuint)Vector512<byte>.Count).AsUInt32());
        return (uint)(a << 31).ExtractMostSignificantBits() | ((uint)(b << 31).ExtractMostSignificantBits() << Vector512<uint>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Test(ref uint tables, Vector512<uint> grams)
    {
        var (a, b) = (grams * Vector512.Create(FirstFactor), grams * Vector512.Create(SecondFactor));
        return Bit(ref tables, 0, a >> 27, a >> 22) & Bit(ref tables, 1, a >> 17, a >> 12) & Bit(ref tables, 2, b >> 27, b >> 22) & Bit(ref tables, 3, b >> 17, b >> 12);
    }

    // Of a place the processor reads the lowest five bits: which of the words, and how far to turn it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Bit(ref uint tables, int table, Vector512<uint> words, Vector512<uint> bits)
    {
        ref var own = ref Unsafe.Add(ref tables, table * Words);
        var lower = Vector512.LoadUnsafe(ref own);
        var upper = Vector512.LoadUnsafe(ref own, (nuint)Vector512<uint>.Count);
        return Avx512F.RotateRightVariable(Avx512F.PermuteVar16x32x2(lower, words, upper), bits);
    }

    private void Set(int table, uint word, uint bit) => _words[(table * Words) + (int)(word & 31)] |= 1u << (int)(bit & 31);
}
