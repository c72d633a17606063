using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// A set of four bytes each, as a byte at their hash: larger than a <see cref="BitMap"/>, and looked up in half the time. It may say yes where the
/// answer is no, never the other way. Filled by one thread, then read by any number.
/// </summary>
internal readonly struct ByteMap
{
    private readonly byte[] _bytes;
    private readonly int _bits;

    private ByteMap(byte[] bytes, int bits) => (_bytes, _bits) = (bytes, bits);

    /// <summary>An empty set of two to the power of so many bytes.</summary>
    public static ByteMap Of(int bits) => new(new byte[1 << bits], bits);

    /// <summary>The first byte, for <see cref="At"/>.</summary>
    public ref byte First => ref MemoryMarshal.GetArrayDataReference(_bytes);

    /// <summary>Another set with the same members.</summary>
    public ByteMap Copy() => new([.. _bytes], _bits);

    /// <summary>Adds a member.</summary>
    public void Add(uint gram) => At(ref First, gram, _bits) = 1;

    /// <summary>What stands at the hash: zero where it is no member. Nothing is checked: so many bits must be those of the map.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte At(ref byte map, uint gram, int bits) => ref Unsafe.Add(ref map, (nint)((gram * 0x9E3779B1) >> (32 - bits)));
}
