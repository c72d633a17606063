using System.Numerics;
using System.Runtime.InteropServices;

namespace Vault.Core.MergeFields;

/// <summary>A place in a body: bytes before it, and line and column as a person counts them, from 1.</summary>
internal struct TextPosition()
{
    /// <summary>Bytes before it.</summary>
    public long Offset { get; private set; }

    /// <summary>The line, from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The column in characters, from 1.</summary>
    public long Column { get; private set; } = 1;

    /// <summary>Moves over bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="isUtf8">Whether continuation bytes belong to the character before them.</param>
    public void Advance(ReadOnlySpan<byte> bytes, bool isUtf8)
    {
        Offset += bytes.Length;
        var lastLine = bytes.LastIndexOf((byte)'\n');
        if (lastLine >= 0)
        {
            Line += bytes[..lastLine].Count((byte)'\n') + 1;
            Column = 1;
            bytes = bytes[(lastLine + 1)..];
        }

        Column += isUtf8 ? bytes.Length - CountContinuations(bytes) : bytes.Length;
    }

    private static int CountContinuations(ReadOnlySpan<byte> bytes)
    {
        // As signed numbers, continuation bytes (80–BF) are exactly those below -64.
        var signed = MemoryMarshal.Cast<byte, sbyte>(bytes);
        var count = 0;
        while (signed.Length >= Vector<sbyte>.Count)
        {
            var below = Vector.LessThan(new Vector<sbyte>(signed), new Vector<sbyte>(-64));
            // Each lane below is -1; even the widest vector's sum fits a lane.
            count -= Vector.Sum(below);
            signed = signed[Vector<sbyte>.Count..];
        }

        foreach (var b in signed)
        {
            count += b < -64 ? 1 : 0;
        }

        return count;
    }
}
