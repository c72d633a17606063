using System.Buffers;
using System.Runtime.CompilerServices;

namespace Vault.Core.Redaction;

/// <summary>
/// What stands in the first <c>window</c> bytes of any echo: grams (four bytes in a row, none of them the beginning of an escape) at its
/// first places, and the first escape with what stands around it. May say yes where the answer is no, never the other way. Filled
/// by one thread, then read by any number.
/// </summary>
internal sealed class EchoGrams
{
    /// <summary>Bytes of a gram.</summary>
    public const int Length = 4;

    private const int Bits = 15;
    private const int AgainBits = 16;

    private static readonly SearchValues<byte> EscapeBytes = SearchValues.Create("\\%&"u8);

    private readonly ByteMap _grams;
    private readonly BitMap _gramsAgain;

    /// <summary>Those of other grams, to be added to; or none.</summary>
    public EchoGrams(EchoGrams? known)
    {
        _grams = known?._grams.Copy() ?? ByteMap.Of(Bits);
        _gramsAgain = known?._gramsAgain.Copy() ?? BitMap.Of(AgainBits);
        Tables = new GramTables(known?.Tables);
        Escapes = new EchoEscapes(known?.Escapes);
    }

    /// <summary>The first escapes.</summary>
    public EchoEscapes Escapes { get; }

    /// <summary>The grams once more, for many places at once.</summary>
    public GramTables Tables { get; }

    /// <summary>The map for <see cref="MayHold"/>.</summary>
    public ref byte Map => ref _grams.First;

    /// <summary>Adds those of a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="start">The character at which its echo begins.</param>
    /// <param name="window">How many bytes of the echo are looked at.</param>
    public void Add(EchoPattern pattern, int start, int window)
    {
        var earlier = default(EchoStates);
        var before = default(EchoStates);
        var states = EchoStates.At(pattern, start);
        for (var offset = 0; offset < window; offset++)
        {
            if (offset <= window - Length && start == pattern.StartFrom)
            {
                AddGrams(states, 0, Length);
            }

            if (states.Next().ContainsAny(EscapeBytes))
            {
                AddEscapes(states, before, earlier, offset);
            }

            (earlier, before, states) = (before, states, states.After(Plain(states)));
        }
    }

    /// <summary>Not zero where the four bytes so far behind a place may be in the map; there must be room for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MayHold(ref byte map, ref byte place, nint behind) => ByteMap.At(ref map, BitMap.Gram(ref place, behind), Bits);

    /// <summary>Whether the bytes from a place on are a gram; there must be room for one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsGram(ref byte first, int at)
    {
        var gram = BitMap.Gram(ref first, at);
        return ByteMap.At(ref _grams.First, gram, Bits) != 0 && _gramsAgain.HasAgain(gram);
    }

    private void AddGrams(EchoStates states, uint gram, int left)
    {
        foreach (var b in Plain(states))
        {
            var longer = (gram >> 8) | ((uint)b << 24);
            if (left > 1)
            {
                AddGrams(states.After(b), longer, left - 1);
                continue;
            }

            _grams.Add(longer);
            Tables.Add(longer);
            _gramsAgain.AddAgain(longer);
        }
    }

    // With every pair of bytes that may stand before them.
    private void AddEscapes(EchoStates states, EchoStates before, EchoStates earlier, int offset)
    {
        if (offset == 0)
        {
            Escapes.Add(states, EchoEscapes.Context());
            return;
        }

        foreach (var first in Plain(offset == 1 ? before : earlier))
        {
            var one = (offset == 1 ? before : earlier).After(first);
            if (offset == 1)
            {
                Escapes.Add(one, EchoEscapes.Context(first));
                continue;
            }

            foreach (var last in Plain(one))
            {
                Escapes.Add(one.After(last), EchoEscapes.Context(first, last));
            }
        }
    }

    // The bytes that may come next and begin no escape.
    private static ReadOnlySpan<byte> Plain(EchoStates states)
    {
        var next = states.Next();
        return !next.ContainsAny(EscapeBytes) ? next : (byte[])[.. next.ToArray().Where(b => !EchoEscapes.IsEscape(b))];
    }
}
