using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Vault.Core.Redaction;

/// <summary>
/// What the first six bytes of an escape in an echo look like, for 32 places at a time. Escapes are sorted into eight kinds that differ in
/// where their digits stand; for each kind and each of the six bytes, two tables hold the high and the low halves it may have. A place is one
/// of an escape if there is a kind that fits all twelve: one bit of each entry for each kind, joined by <c>and</c>. Bytes of one kind may be
/// mixed up, so it says yes too often, never the other way.
/// </summary>
internal sealed class EscapeShapes
{
    /// <summary>How many bytes are looked at.</summary>
    public const int Length = 6;

    // For each of the bytes, what its low half may be, then what its high half may be.
    private readonly Vector256<byte>[] _tables;

    /// <summary>Those of others, to be added to; or none.</summary>
    public EscapeShapes(EscapeShapes? known) => _tables = known is null ? new Vector256<byte>[2 * Length] : [.. known._tables];

    /// <summary>Adds all escapes that begin with these two bytes.</summary>
    /// <param name="escape">The byte that begins it.</param>
    /// <param name="second">The one that follows.</param>
    /// <param name="after">Where the pattern stands after them.</param>
    public void Add(byte escape, byte second, EchoStates after)
    {
        foreach (var third in after.Next())
        {
            var kind = KindOf(escape, second, third);
            Add(kind, 0, escape);
            Add(kind, 1, second);
            Add(kind, 2, third);
            AddRest(kind, 3, after.After(third));
        }

        if (after.IsComplete)
        {
            AddAny(escape, second);
        }
    }

    /// <summary>Adds two bytes that anything may follow.</summary>
    public void AddAny(byte escape, byte second)
    {
        for (var third = 0; third < 256; third++)
        {
            var kind = KindOf(escape, second, (byte)third);
            Add(kind, 0, escape);
            Add(kind, 1, second);
            Add(kind, 2, (byte)third);
            AddAny(kind, 3);
        }
    }

    /// <summary>
    /// Which of 32 escapes have a second and a third byte that fit, in whatever way: those not zero. Rules out most, and is quick. There are
    /// <see cref="Length"/> bytes behind the last.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Glance(ref byte first)
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        return Match(ref tables, ref first, 1) & Match(ref tables, ref first, 2);
    }

    /// <summary>Which of those are in doubt after that: those not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Match(ref byte first)
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        return Glance(ref first) & Match(ref tables, ref first, 0) & Match(ref tables, ref first, 3) & Match(ref tables, ref first, 4) & Match(ref tables, ref first, 5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Match(ref Vector256<byte> tables, ref byte first, int offset)
    {
        var bytes = Vector256.LoadUnsafe(ref first, (nuint)offset);
        var half = Vector256.Create((byte)15);
        return Lookup(Unsafe.Add(ref tables, 2 * offset), bytes & half)
            & Lookup(Unsafe.Add(ref tables, (2 * offset) + 1), Vector256.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte() & half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Lookup(Vector256<byte> table, Vector256<byte> indices) => Avx2.IsSupported
        ? Avx2.Shuffle(table, indices)
        : Vector256.Create(Vector128.Shuffle(table.GetLower(), indices.GetLower()), Vector128.Shuffle(table.GetLower(), indices.GetUpper()));

    private static int KindOf(byte escape, byte second, byte third) => (escape, second, third) switch
    {
        ((byte)'\\', (byte)'u', _) => 0,
        ((byte)'\\', _, _) or ((byte)'&', (byte)'#', (byte)'0') => 1,
        ((byte)'&', (byte)'#', (byte)'x' or (byte)'X') => 2,
        ((byte)'&', _, _) => 3,
        (_, (byte)'2', _) => 4,
        (_, (byte)'3', _) => 5,
        (_, (byte)'4' or (byte)'6', _) => 6,
        _ => 7,
    };

    private void AddRest(int kind, int offset, EchoStates states)
    {
        for (; offset < Length; offset++)
        {
            if (states.IsComplete)
            {
                AddAny(kind, offset);
                return;
            }

            var next = states.Next();
            foreach (var b in next)
            {
                Add(kind, offset, b);
            }

            states = states.After([.. next]);
        }
    }

    private void AddAny(int kind, int offset)
    {
        for (; offset < Length; offset++)
        {
            var bit = Vector256.Create((byte)(1 << kind));
            _tables[2 * offset] |= bit;
            _tables[(2 * offset) + 1] |= bit;
        }
    }

    private void Add(int kind, int offset, byte b)
    {
        Add(ref _tables[2 * offset], b & 15, kind);
        Add(ref _tables[(2 * offset) + 1], b >> 4, kind);
    }

    // Each half of the vector is looked up by itself and holds the whole table.
    private static void Add(ref Vector256<byte> table, int index, int kind)
    {
        var entry = (byte)(table[index] | (1 << kind));
        table = table.WithElement(index, entry).WithElement(index + 16, entry);
    }
}
