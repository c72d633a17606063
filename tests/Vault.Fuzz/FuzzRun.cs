using System.Security.Cryptography;

namespace Vault.Fuzz;

/// <summary>What a run found.</summary>
/// <param name="Inputs">How many inputs were tried.</param>
/// <param name="Kept">How many of them are worth mutating further.</param>
/// <param name="Finding">The smallest input that fails; null: none does.</param>
/// <param name="Failure">How it fails.</param>
internal sealed record FuzzOutcome(long Inputs, int Kept, byte[]? Finding, Exception? Failure);

/// <summary>Fuzzes one parser: the corpus first, then mutations of it; with instrumented assemblies, mutations of what led somewhere new.</summary>
internal sealed class FuzzRun(IFuzzedParser parser, ulong seed)
{
    /// <summary>What one input may allocate.</summary>
    private const long MaxAllocated = 512L * 1024 * 1024;

    private const int MaxKept = 20_000;
    private const int ShrinkingTries = 3000;
    private readonly SeededNumbers _numbers = new(seed);
    private readonly Coverage _coverage = new();
    private long _inputs;

    /// <summary>Told of each input before it is parsed.</summary>
    public Action<byte[]>? Begins { get; init; }

    /// <summary>The inputs that every run begins with.</summary>
    public static IReadOnlyList<byte[]> CorpusOf(string parser)
    {
        var assembly = typeof(FuzzRun).Assembly;
        List<byte[]> corpus = [];
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(parser + "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException(name);
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            corpus.Add(memory.ToArray());
        }

        return corpus;
    }

    /// <summary>Runs until <paramref name="goesOn"/> says no, given the number of inputs, or something is found.</summary>
    public FuzzOutcome Run(Func<long, bool> goesOn)
    {
        var mutator = new Mutator(_numbers, parser.Words);
        List<byte[]> kept = [.. CorpusOf(parser.Name), []];
        foreach (var input in kept)
        {
            if (Try(input) is { } failure)
            {
                return Found(input, failure, kept.Count);
            }

            _coverage.IsNew();
        }

        while (goesOn(_inputs))
        {
            // Half of the time one of the last that led somewhere.
            var index = _numbers.Below(2) == 0 ? _numbers.Below(kept.Count) : kept.Count - 1 - _numbers.Below(Math.Min(kept.Count, 64));
            var input = mutator.Mutate(kept[index], kept[_numbers.Below(kept.Count)]);
            if (Try(input) is { } failure)
            {
                return Found(input, failure, kept.Count);
            }

            if (_coverage.IsNew() ?? _numbers.Below(200) == 0)
            {
                if (kept.Count < MaxKept)
                {
                    kept.Add(input);
                }
                else
                {
                    kept[_numbers.Below(kept.Count)] = input;
                }
            }
        }

        return new FuzzOutcome(_inputs, kept.Count, null, null);
    }

    /// <summary>Parses one input; how it fails, or null.</summary>
    public Exception? Try(byte[] input)
    {
        _inputs++;
        Begins?.Invoke(input);
        Coverage.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            parser.Run(input);
        }
#pragma warning disable CA1031 // Whatever it is, it is what is looked for.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > MaxAllocated ? new FuzzFailure($"{input.Length} bytes made it allocate {allocated}.") : null;
    }

    /// <summary>Names a finding by its content.</summary>
    public static string NameOf(string parser, byte[] input) => $"{parser}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}";

    /// <summary>An input as one can read it.</summary>
    public static string Show(byte[] input) => input.Length > 4000 ? $"{input.Length} bytes" : string.Concat(input.Select(b =>
        b is >= 0x20 and < 0x7F and not (byte)'\\' ? ((char)b).ToString() : $"\\x{b:x2}"));

    private FuzzOutcome Found(byte[] input, Exception failure, int kept)
    {
        var small = input;
        var tries = 0;
        for (var size = Math.Max(1, small.Length / 2); size > 0 && tries < ShrinkingTries; size /= 2)
        {
            for (var at = 0; at + size <= small.Length && tries++ < ShrinkingTries;)
            {
                byte[] shorter = [.. small[..at], .. small[(at + size)..]];
                if (Try(shorter) is { } same && same.GetType() == failure.GetType())
                {
                    (small, failure) = (shorter, same);
                }
                else
                {
                    at += size;
                }
            }
        }

        return new FuzzOutcome(_inputs, kept, small, failure);
    }
}
