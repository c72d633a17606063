using SharpFuzz;
using SharpFuzz.Common;

namespace Vault.Fuzz;

/// <summary>
/// Which branches an input took, counted by code that SharpFuzz wove into the assemblies. Without a native fuzzer: the map that AFL
/// would share is memory of this process.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Size = 64 * 1024;
    private static readonly byte* Map = Allocate();
    private readonly byte[] _seen = new byte[Size];

    /// <summary>Has to be called before any instrumented code runs.</summary>
    public static void Install() => _ = Map;

    /// <summary>Weaves counters into an assembly that isn't loaded.</summary>
    public static void Instrument(string path) => Fuzzer.Instrument(path, static _ => true, Options.Value);

    /// <summary>Forgets the input before.</summary>
    public static void Clear()
    {
        new Span<byte>(Map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the input went where none went before, or went there many times more. Null: nothing is instrumented.</summary>
    public bool? IsNew()
    {
        var map = new ReadOnlySpan<byte>(Map, Size);
        var any = false;
        var fresh = false;
        for (var i = map.IndexOfAnyExcept((byte)0); i >= 0 && i < Size; i++)
        {
            if (map[i] == 0)
            {
                continue;
            }

            any = true;
            var bucket = Bucket(map[i]);
            if ((_seen[i] & bucket) == 0)
            {
                _seen[i] |= bucket;
                fresh = true;
            }
        }

        return any ? fresh : null;
    }

    private static byte Bucket(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        <= 7 => 8,
        <= 15 => 16,
        <= 31 => 32,
        <= 127 => 64,
        _ => 128,
    };

    private static byte* Allocate()
    {
        var memory = (byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(Size);
        Trace.SharedMem = memory;
        return memory;
    }
}
