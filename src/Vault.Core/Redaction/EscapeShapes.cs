using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Vault.Core.Redaction;

/// <summary>
/// Which bytes stand behind the first one of an escape in an echo, for many places at a time. Escapes are sorted into eight kinds; of each of
/// the bytes two tables hold the high and the low halves it may have, with a bit for each kind. A place may be one of an escape if there
/// is a kind that fits all halves. Bytes of one kind may be mixed up: that says yes too often, never the other way.
/// </summary>
internal sealed class EscapeShapes
{
    private const int UnicodeKind = 0;

    /// <summary>At how many bytes it looks at once.</summary>
    public const int Places = 128;

    /// <summary>How many bytes behind the last of them it reads.</summary>
    public const int Behind = 4;

    private static readonly Vector512<byte> OtherKinds = Vector512.Create((byte)(0xFF ^ (1 << UnicodeKind)));

    // The low and the high half of the second byte, then those of the third, then those of the fifth.
    private readonly Vector512<byte>[] _tables;

    /// <summary>Those of others, to be added to; or none.</summary>
    public EscapeShapes(EscapeShapes? known) => _tables = known is null ? [default, default, default, default, OtherKinds, OtherKinds] : [.. known._tables];

    /// <summary>Adds what an escape begins with.</summary>
    public void Add(byte escape, byte second, byte third)
    {
        var kind = (escape, second) switch
        {
            ((byte)'\\', (byte)'u') => UnicodeKind,
            ((byte)'\\', _) => 1,
            ((byte)'&', (byte)'#') => 2,
            ((byte)'&', _) => 3,
            (_, (byte)'2') => 4,
            (_, (byte)'3') => 5,
            (_, (byte)'4' or (byte)'6') => 6,
            _ => 7,
        };
        Add(0, second, kind);
        Add(1, third, kind);
    }

    /// <summary>Adds the third digit of a <c>\u0041</c>, the first that tells much.</summary>
    public void AddUnicode(byte fifth) => Add(2, fifth, UnicodeKind);

    /// <summary>Adds any bytes behind these two.</summary>
    public void AddAny(byte escape, byte second)
    {
        for (var third = 0; third < 256; third++)
        {
            Add(escape, second, (byte)third);
        }

        if (escape == '\\' && second == 'u')
        {
            AddAnyUnicode();
        }
    }

    /// <summary>Adds any third digit.</summary>
    public void AddAnyUnicode() => (_tables[4], _tables[5]) = (Vector512<byte>.AllBitsSet, Vector512<byte>.AllBitsSet);

    /// <summary>
    /// Which of the <see cref="Places"/> bytes from there on may begin an escape of an echo, a bit for each; false where none may. It reads
    /// <see cref="Behind"/> bytes more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Find(ref byte first, out ulong near, out ulong far) =>
        Avx512BW.IsSupported ? FindWide(ref first, out near, out far) : FindNarrow(ref first, out near, out far);

    /// <summary><see cref="Find"/>, 64 at once: not on every processor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool FindWide(ref byte first, out ulong near, out ulong far)
    {
        (near, far) = (0, 0);
        ref var second = ref Unsafe.Add(ref first, Vector512<byte>.Count);
        var (a, b) = (Wide.Escapes(ref first), Wide.Escapes(ref second));
        if ((a | b) == Vector512<byte>.Zero)
        {
            return false;
        }

        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        (a, b) = (a & Wide.MatchBoth(ref tables, ref first), b & Wide.MatchBoth(ref tables, ref second));
        if ((a | b) == Vector512<byte>.Zero)
        {
            return false;
        }

        near = Wide.Bits(a & Wide.Match(ref tables, 2, ref first, 4));
        far = Wide.Bits(b & Wide.Match(ref tables, 2, ref second, 4));
        return (near | far) != 0;
    }

    /// <summary><see cref="Find"/>, 32 at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool FindNarrow(ref byte first, out ulong near, out ulong far)
    {
        (near, far) = (0, 0);
        ref var second = ref Unsafe.Add(ref first, Vector256<byte>.Count);
        ref var third = ref Unsafe.Add(ref second, Vector256<byte>.Count);
        ref var fourth = ref Unsafe.Add(ref third, Vector256<byte>.Count);
        var (a, b, c, d) = (Narrow.Escapes(ref first), Narrow.Escapes(ref second), Narrow.Escapes(ref third), Narrow.Escapes(ref fourth));
        if ((a | b | c | d) == Vector256<byte>.Zero)
        {
            return false;
        }

        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        (a, b) = (a & Narrow.MatchBoth(ref tables, ref first), b & Narrow.MatchBoth(ref tables, ref second));
        (c, d) = (c & Narrow.MatchBoth(ref tables, ref third), d & Narrow.MatchBoth(ref tables, ref fourth));
        if ((a | b | c | d) == Vector256<byte>.Zero)
        {
            return false;
        }

        near = Narrow.Bits(a & Narrow.Match(ref tables, 2, ref first, 4), b & Narrow.Match(ref tables, 2, ref second, 4));
        far = Narrow.Bits(c & Narrow.Match(ref tables, 2, ref third, 4), d & Narrow.Match(ref tables, 2, ref fourth, 4));
        return (near | far) != 0;
    }

    // With this bit the digits 0 to 9 and A to F, whose low halves are the same, fall apart, save for 9 and A.
    private static int Low(byte b) => (b ^ ((b >> 3) & 8)) & 15;

    private void Add(int table, byte b, int kind)
    {
        Add(ref _tables[2 * table], Low(b), kind);
        Add(ref _tables[(2 * table) + 1], b >> 4, kind);
    }

    // A table stands in the vector four times: each quarter is looked up by itself.
    private static void Add(ref Vector512<byte> table, int index, int kind)
    {
        for (var entry = (byte)(table[index] | (1 << kind)); index < Vector512<byte>.Count; index += Vector128<byte>.Count)
        {
            table = table.WithElement(index, entry);
        }
    }

    /// <summary>What is looked up in 64 places at once; where the processor can't, <see cref="Narrow"/> is.</summary>
    private static class Wide
    {
        // The bytes that begin an escape, each at its low half, which no two share; what stands at the others is found by no byte.
        private static readonly Vector512<byte> EscapesByLow = Vector512.Create(Vector256.Create(Vector128.Create(
            0x80, 0x80, 0x80, 0x80, 0x80, (byte)'%', (byte)'&', 0x80, 0x80, 0x80, 0x80, 0x80, (byte)'\\', 0x80, 0x80, 0x80)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<byte> Escapes(ref byte first)
        {
            var bytes = Vector512.LoadUnsafe(ref first);
            return Vector512.Equals(Avx512BW.Shuffle(EscapesByLow, bytes), bytes);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<byte> MatchBoth(ref Vector512<byte> tables, ref byte first) =>
            Match(ref tables, 0, ref first, 1) & Match(ref tables, 1, ref first, 2);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<byte> Match(ref Vector512<byte> tables, int table, ref byte first, int offset)
        {
            var bytes = Vector512.LoadUnsafe(ref first, (nuint)offset);
            var half = Vector512.Create((byte)15);
            var low = bytes ^ (Vector512.ShiftRightLogical(bytes.AsUInt16(), 3).AsByte() & Vector512.Create((byte)8));
            var high = Vector512.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte();
            return Avx512BW.Shuffle(Unsafe.Add(ref tables, 2 * table), low & half)
                & Avx512BW.Shuffle(Unsafe.Add(ref tables, (2 * table) + 1), high & half);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Bits(Vector512<byte> places) => ~Vector512.Equals(places, Vector512<byte>.Zero).ExtractMostSignificantBits();
    }

    /// <summary>The same for 32 places at once.</summary>
    private static class Narrow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Escapes(ref byte first)
        {
            var bytes = Vector256.LoadUnsafe(ref first);
            return Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'%'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'&'));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> MatchBoth(ref Vector512<byte> tables, ref byte first) =>
            Match(ref tables, 0, ref first, 1) & Match(ref tables, 1, ref first, 2);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Match(ref Vector512<byte> tables, int table, ref byte first, int offset)
        {
            var bytes = Vector256.LoadUnsafe(ref first, (nuint)offset);
            var half = Vector256.Create((byte)15);
            var low = bytes ^ (Vector256.ShiftRightLogical(bytes.AsUInt16(), 3).AsByte() & Vector256.Create((byte)8));
            var high = Vector256.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte();
            return Lookup(ref Unsafe.Add(ref tables, 2 * table), low & half) & Lookup(ref Unsafe.Add(ref tables, (2 * table) + 1), high & half);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Bits(Vector256<byte> low, Vector256<byte> high) =>
            ~(Vector256.Equals(low, Vector256<byte>.Zero).ExtractMostSignificantBits()
                | ((ulong)Vector256.Equals(high, Vector256<byte>.Zero).ExtractMostSignificantBits() << Vector256<byte>.Count));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<byte> Lookup(ref Vector512<byte> table, Vector256<byte> indices)
        {
            ref var lower = ref Unsafe.As<Vector512<byte>, Vector256<byte>>(ref table);
            return Avx2.IsSupported
                ? Avx2.Shuffle(lower, indices)
                : Vector256.Create(Vector128.Shuffle(lower.GetLower(), indices.GetLower()), Vector128.Shuffle(lower.GetLower(), indices.GetUpper()));
        }
    }
}
