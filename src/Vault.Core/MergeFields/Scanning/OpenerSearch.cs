using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>The fast path: finds where a field may begin in bytes that are no field yet.</summary>
internal static class OpenerSearch
{
    private static readonly SearchValues<byte> Starts = SearchValues.Create("{<"u8);
    private static readonly SearchValues<byte> FormStarts = SearchValues.Create("{<%"u8);

    // What may follow the opener of a field: the reference, the name of a function, a space, or an escape of one of these.
    private static readonly SearchValues<byte> Leads =
        SearchValues.Create("$ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz \t\r\n\f\v\\%+"u8);

    /// <summary>Index of the first <c>{!</c> or <c>&lt;!</c> of what may be a field, or of a beginning of one that is cut off by the end; else the length.</summary>
    public static int Find(ReadOnlySpan<byte> bytes, bool isForm) => isForm ? FindInForm(bytes) : FindInOther(bytes);

    // A method for each, compiled by what it meets itself: in one, the kind that came first would leave the other slow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FindInForm(ReadOnlySpan<byte> bytes) => Search(bytes, isForm: true);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FindInOther(ReadOnlySpan<byte> bytes) => Search(bytes, isForm: false);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Search(ReadOnlySpan<byte> bytes, bool isForm)
    {
        if (MayOpen(bytes, isForm))
        {
            return 0;
        }

        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = 2;
        for (var last = bytes.Length - (4 * Vector256<byte>.Count) - 2; at <= last; at += 4 * Vector256<byte>.Count)
        {
            ref var block = ref Unsafe.Add(ref first, (nint)(uint)at);

            // To look at the bracket at once costs less than a branch that is hard to foretell, save in forms, where it has many spellings.
            if ((isForm && IsNone(Bangs(ref block, 0, isForm), Bangs(ref block, 1, isForm), Bangs(ref block, 2, isForm), Bangs(ref block, 3, isForm)))
                || IsNone(Opened(ref block, 0, isForm), Opened(ref block, 1, isForm), Opened(ref block, 2, isForm), Opened(ref block, 3, isForm)))
            {
                continue;
            }

            for (var i = 0; i < 4; i++)
            {
                var found = Opened(ref block, i, isForm).ExtractMostSignificantBits();
                for (; found != 0; found &= found - 1)
                {
                    var bracket = at + (i * Vector256<byte>.Count) + BitOperations.TrailingZeroCount(found) - 1;
                    var start = bytes[bracket] is (byte)'{' or (byte)'<' ? bracket : bracket - 2;
                    if (start >= 0 && MayOpen(bytes[start..], isForm))
                    {
                        return start;
                    }
                }
            }
        }

        // The rest, and a bracket that began before it.
        for (var from = Math.Max(0, at - 3); ; from++)
        {
            var found = bytes[from..].IndexOfAny(isForm ? FormStarts : Starts);
            if (found < 0)
            {
                return bytes.Length;
            }

            from += found;
            if (MayOpen(bytes[from..], isForm))
            {
                return from;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNone(Vector256<byte> a, Vector256<byte> b, Vector256<byte> c, Vector256<byte> d) => (a | b | c | d) == Vector256<byte>.Zero;

    /// <summary>Where an opener may end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Opened(ref byte block, int vector, bool isForm) => Bangs(ref block, vector, isForm) & BehindBracket(ref block, vector, isForm);

    /// <summary>
    /// Where the second character of an opener may stand. Of both it is the rarer one in JSON, markup and forms. Of its escape <c>%21</c> two
    /// bytes are looked at: hardly another one ends in 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bangs(ref byte block, int vector, bool isForm)
    {
        var here = Load(ref block, vector, 0);
        var plain = Vector256.Equals(here, Vector256.Create((byte)'!'));
        return !isForm
            ? plain
            : plain | (Vector256.Equals(here, Vector256.Create((byte)'%')) & Vector256.Equals(Load(ref block, vector, 2), Vector256.Create((byte)'1')));
    }

    /// <summary>Which bytes stand behind a bracket: <c>{</c> or <c>&lt;</c>, and in forms <c>%7B</c> or <c>%3C</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> BehindBracket(ref byte block, int vector, bool isForm)
    {
        var before = Load(ref block, vector, -1);
        var plain = Vector256.Equals(before, Vector256.Create((byte)'{')) | Vector256.Equals(before, Vector256.Create((byte)'<'));

        // One bit is all that tells 3 from 7; two tell B, b, C and c apart.
        return !isForm
            ? plain
            : plain | (Vector256.Equals(before | Vector256.Create((byte)0x21), Vector256.Create((byte)'c'))
                & Vector256.Equals(Load(ref block, vector, -2) | Vector256.Create((byte)4), Vector256.Create((byte)'7')));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Load(ref byte block, int vector, int offset) =>
        Vector256.LoadUnsafe(ref Unsafe.Add(ref block, (vector * Vector256<byte>.Count) + offset));

    private static bool MayOpen(ReadOnlySpan<byte> bytes, bool isForm) => bytes switch
    {
        [(byte)'{' or (byte)'<', .. var rest] => MayContinue(rest, isForm),
        _ when !isForm => false,
        [(byte)'%'] or [(byte)'%', (byte)'7' or (byte)'3'] => true,
        [(byte)'%', (byte)'7', (byte)'B' or (byte)'b', .. var rest] => MayContinue(rest, isForm),
        [(byte)'%', (byte)'3', (byte)'C' or (byte)'c', .. var rest] => MayContinue(rest, isForm),
        _ => false,
    };

    private static bool MayContinue(ReadOnlySpan<byte> rest, bool isForm) => rest switch
    {
        [] or [(byte)'!'] => true,
        [(byte)'!', var lead, ..] => Leads.Contains(lead),
        _ when !isForm => false,
        [(byte)'%'] or [(byte)'%', (byte)'2'] or [(byte)'%', (byte)'2', (byte)'1'] => true,
        [(byte)'%', (byte)'2', (byte)'1', var lead, ..] => Leads.Contains(lead),
        _ => false,
    };
}
