using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// A set of four bytes each, as bits at their hashes: it may say yes where the answer is no, never the other way; two with different hashes
/// make that rare. Filled by one thread, then read by any number.
/// </summary>
internal readonly struct BitMap
{
    private readonly uint[] _words;
    private readonly int _shift;

    private BitMap(uint[] words, int bits) => (_words, _shift) = (words, 32 - bits);

    /// <summary>An empty set of two to the power of so many bits.</summary>
    public static BitMap Of(int bits) => new(new uint[(1 << bits) / 32], bits);

    /// <summary>The first word, for <see cref="Bit"/>.</summary>
    public ref uint First => ref MemoryMarshal.GetArrayDataReference(_words);

    /// <summary>Another set with the same members.</summary>
    public BitMap Copy() => new([.. _words], 32 - _shift);

    /// <summary>Adds a member.</summary>
    public void Add(uint gram)
    {
        var hash = Hash(gram) >> _shift;
        _words[hash >> 5] |= 1u << (int)(hash & 31);
    }

    /// <summary>Adds a member by its other hash.</summary>
    public void AddAgain(uint gram) => Add(Again(gram));

    /// <summary>Whether it may be a member.</summary>
    public bool Has(uint gram)
    {
        var hash = Hash(gram) >> _shift;
        return ((_words[hash >> 5] >> (int)(hash & 31)) & 1) != 0;
    }

    /// <summary>Whether it may be a member, by its other hash.</summary>
    public bool HasAgain(uint gram) => Has(Again(gram));

    /// <summary>Whether it may be a member of the map, in the lowest bit, with nothing checked: so many bits must be those of the map.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bit(ref uint map, uint gram, int bits)
    {
        // An index has as many bits as its map has a power of two, so it can't leave it.
        var hash = Hash(gram) >> (32 - bits);
        return Unsafe.Add(ref map, (nint)(hash >> 5)) >> (int)(hash & 31);
    }

    /// <summary>The four bytes from a place on, with nothing checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Gram(ref byte first, nint at)
    {
        var gram = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, at));
        return BitConverter.IsLittleEndian ? gram : BinaryPrimitives.ReverseEndianness(gram);
    }

    private static uint Hash(uint gram) => gram * 0x9E3779B1;

    private static uint Again(uint gram) => BitOperations.RotateLeft(gram * 0x85EBCA6B, 13);
}
