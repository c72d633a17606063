using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Vault.Core.Redaction;

/// <summary>
/// The first escapes in the first bytes of any echo. Each is known by its first two bytes, by its tail (four bytes where these are the digits of a
/// number or a name, else two) and by the two bytes of the echo before it: escapes are many in some texts, and that tells them from an
/// echo's. May say yes where the answer is no, never the other way.
/// </summary>
internal sealed class EchoEscapes
{
    /// <summary>Bytes that tell whether an escape may be one of an echo.</summary>
    public const int Length = 7;

    private const int Bits = 16;
    private const uint AnyTail = 0x27D4EB2F;
    private const uint Unicode = '\\' | ('u' << 8);
    private const uint Number = '&' | ('#' << 8);

    private readonly BitMap _alone;
    private readonly BitMap _inContext;
    private readonly BitMap _inContextAgain;
    private bool _hasAnyTails;

    /// <summary>Those of others, to be added to; or none.</summary>
    public EchoEscapes(EchoEscapes? known)
    {
        _alone = known?._alone.Copy() ?? BitMap.Of(Bits);
        _inContext = known?._inContext.Copy() ?? BitMap.Of(Bits);
        _inContextAgain = known?._inContextAgain.Copy() ?? BitMap.Of(Bits);
        _hasAnyTails = known?._hasAnyTails is true;
        Shapes = new EscapeShapes(known?.Shapes);
    }

    /// <summary>What they look like, for many places at a time.</summary>
    public EscapeShapes Shapes { get; }

    /// <summary>Whether the byte begins an escape.</summary>
    public static bool IsEscape(byte b) => b is (byte)'\\' or (byte)'%' or (byte)'&';

    /// <summary>What stands before an escape that begins an echo: nothing of it.</summary>
    public static uint Context() => 0;

    /// <summary>What stands before an escape that is the second byte of an echo.</summary>
    public static uint Context(byte last) => (last + 1u) * 0xC2B2AE35;

    /// <summary>What stands before an escape anywhere else.</summary>
    public static uint Context(byte first, byte last) => (uint)((first << 8) + last + 257) * 0xC2B2AE35;

    /// <summary>Adds those that may come next.</summary>
    public void Add(EchoStates states, uint context)
    {
        foreach (var escape in states.Next())
        {
            if (!IsEscape(escape))
            {
                continue;
            }

            var after = states.After(escape);
            for (var b = 0; after.IsComplete && b < 256; b++)
            {
                // The last character of the echo: anything may follow.
                AddAny(escape, (byte)b, context);
            }

            foreach (var second in after.Next())
            {
                AddPair(escape, second, after.After(second), context);
            }
        }
    }

    /// <summary>Whether an escape with <see cref="Length"/> bytes may be one of an echo; a quick look before <see cref="Reach(ReadOnlySpan{byte}, int, int)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ref byte escape)
    {
        uint pair = (ushort)BitMap.Gram(ref escape, 0);
        ref var map = ref _alone.First;
        return ((BitMap.Bit(ref map, Gram(ref escape, pair), Bits) | (_hasAnyTails ? BitMap.Bit(ref map, AnyTail ^ Hash(pair), Bits) : 0)) & 1) != 0;
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
        if (bytes.Length - at < Length)
        {
            return int.MaxValue;
        }

        ref var escape = ref Unsafe.Add(ref MemoryMarshal.GetReference(bytes), at);
        uint pair = (ushort)BitMap.Gram(ref escape, 0);
        var reach = Reach(Gram(ref escape, pair), bytes, from, at);
        return _hasAnyTails ? Math.Max(reach, Reach(AnyTail ^ Hash(pair), bytes, from, at)) : reach;
    }

    private int Reach(uint gram, ReadOnlySpan<byte> bytes, int from, int at)
    {
        if (at - from >= 2 && Has(gram ^ Context(bytes[at - 2], bytes[at - 1])))
        {
            return int.MaxValue;
        }

        if (at - from >= 1 && Has(gram ^ Context(bytes[at - 1])))
        {
            return 1;
        }

        return Has(gram ^ Context()) ? 0 : -1;
    }

    private void AddPair(byte escape, byte second, EchoStates rest, uint context)
    {
        if (rest.IsComplete)
        {
            AddAny(escape, second, context);
        }

        foreach (var third in rest.Next())
        {
            Shapes.Add(escape, second, third);
        }

        var pair = escape | ((uint)second << 8);
        if (pair == Unicode)
        {
            rest = rest.After(rest.Next());
            AddThirdDigits(rest);
        }

        AddTails(rest, context, pair, 0, 0);
    }

    // Of a backslash and a u that stand for themselves, anything may follow the first one that isn't looked at.
    private void AddThirdDigits(EchoStates afterFirst)
    {
        var states = afterFirst.After(afterFirst.Next());
        foreach (var digit in states.Next())
        {
            Shapes.AddUnicode(digit);
        }

        if (afterFirst.IsComplete || states.IsComplete)
        {
            Shapes.AddAnyUnicode();
        }
    }

    private void AddAny(byte escape, byte second, uint context)
    {
        AddGram(AnyTail ^ Hash(escape | ((uint)second << 8)), context);
        _hasAnyTails = true;
        Shapes.AddAny(escape, second);
    }

    // Where an echo may end within the tail, anything may follow: one byte is filled in, more make its first two bytes alone suspect.
    private void AddTails(EchoStates states, uint context, uint pair, uint tail, int length)
    {
        var missing = TailLength(pair, tail) - length;
        if (missing <= 0)
        {
            AddGram(Tail(pair, tail) ^ Hash(pair), context);
            return;
        }

        if (states.IsComplete && missing > 1)
        {
            AddGram(AnyTail ^ Hash(pair), context);
            _hasAnyTails = true;
        }

        for (var b = 0u; states.IsComplete && missing == 1 && b < 256; b++)
        {
            AddGram(Tail(pair, tail | (b << (8 * length))) ^ Hash(pair), context);
        }

        var next = states.Next();
        foreach (var b in next)
        {
            if (!IsNumber(pair) || !char.IsAsciiLetterUpper((char)b) || !next.Contains((byte)(b | 0x20)))
            {
                AddTails(states.After(b), context, pair, tail | ((uint)b << (8 * length)), length + 1);
            }
        }
    }

    private void AddGram(uint gram, uint context)
    {
        _alone.Add(gram);
        _inContext.Add(gram ^ context);
        _inContextAgain.AddAgain(gram ^ context);
    }

    private bool Has(uint gram) => _inContext.Has(gram) && _inContextAgain.HasAgain(gram);

    // Of \u0041 the tail begins with the second digit: the first is a zero nearly always.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Gram(ref byte escape, uint pair) => Tail(pair, BitMap.Gram(ref escape, pair == Unicode ? 3 : 2)) ^ Hash(pair);

    // Digits of either case are one. Of a number that begins with zeros, which is rare and may be any, no more is looked at.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Tail(uint pair, uint bytes)
    {
        bytes |= IsNumber(pair) ? 0x20202020u : 0;
        return TailLength(pair, bytes) switch { 1 => (byte)bytes, 2 => (ushort)bytes, _ => bytes };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int TailLength(uint pair, uint tail) => pair switch
    {
        Unicode => 4,
        Number when (byte)tail == '0' => 1,
        Number when (ushort)(tail | 0x20) == ('x' | ('0' << 8)) => 2,
        _ => (byte)pair == '&' ? 4 : 2,
    };

    private static bool IsNumber(uint pair) => pair is Unicode or Number;

    private static uint Hash(uint pair) => pair * 0x165667B1;
}
