using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Vault.Core.Redaction;

/// <summary>
/// Which two bytes stand behind the first one of an escape in an echo, for 32 places at a time. Escapes are sorted into eight kinds; of each of
/// both bytes two tables hold the high and the low halves it may have, with a bit for each kind. A place may be one of an escape if there
/// is a kind that fits all four halves. Bytes of one kind may be mixed up: that says yes too often, never the other way.
/// </summary>
internal sealed class EscapeShapes
{
    private const int UnicodeKind = 0;

    private static readonly Vector256<byte> OtherKinds = Vector256.Create((byte)(0xFF ^ (1 << UnicodeKind)));

    // The low and the high half of the second byte, then those of the third, then those of the fifth.
    private readonly Vector256<byte>[] _tables;

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
    public void AddAnyUnicode() => (_tables[4], _tables[5]) = (Vector256.Create((byte)0xFF), Vector256.Create((byte)0xFF));

    /// <summary>Which of the 32 bytes from there on have two behind them that fit: those not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Match(ref byte first)
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        return Match(ref tables, 0, ref first, 1) & Match(ref tables, 1, ref first, 2);
    }

    /// <summary>Which of those left are still in doubt after one more byte: those not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> MatchFifth(ref byte first) => Match(ref MemoryMarshal.GetArrayDataReference(_tables), 2, ref first, 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Match(ref Vector256<byte> tables, int table, ref byte first, int offset)
    {
        var bytes = Vector256.LoadUnsafe(ref first, (nuint)offset);
        var half = Vector256.Create((byte)15);
        var low = bytes ^ (Vector256.ShiftRightLogical(bytes.AsUInt16(), 3).AsByte() & Vector256.Create((byte)8));
        var high = Vector256.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte();
        return Lookup(Unsafe.Add(ref tables, 2 * table), low & half) & Lookup(Unsafe.Add(ref tables, (2 * table) + 1), high & half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Lookup(Vector256<byte> table, Vector256<byte> indices) => Avx2.IsSupported
        ? Avx2.Shuffle(table, indices)
        : Vector256.Create(Vector128.Shuffle(table.GetLower(), indices.GetLower()), Vector128.Shuffle(table.GetLower(), indices.GetUpper()));

    // With this bit the digits 0 to 9 and A to F, whose low halves are the same, fall apart, save for 9 and A.
    private static int Low(byte b) => (b ^ ((b >> 3) & 8)) & 15;

    private void Add(int table, byte b, int kind)
    {
        Add(ref _tables[2 * table], Low(b), kind);
        Add(ref _tables[(2 * table) + 1], b >> 4, kind);
    }

    // Each half of the vector is looked up by itself and holds the whole table.
    private static void Add(ref Vector256<byte> table, int index, int kind)
    {
        var entry = (byte)(table[index] | (1 << kind));
        table = table.WithElement(index, entry).WithElement(index + 16, entry);
    }
}
