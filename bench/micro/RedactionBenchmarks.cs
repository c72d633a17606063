using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Order;
using Vault.Core.Redaction;

namespace Vault.MicroBench;

/// <summary>
/// How fast an answer without an echo is searched, in blocks as they come, beside one search for one rare byte in the same run.
/// A body has 1 MiB, so a time of 100 µs is 10.5 GB/s.
/// </summary>
[Orderer(SummaryOrderPolicy.Declared)]
[MemoryDiagnoser]
public class RedactionBenchmarks
{
    private const int Length = 1024 * 1024;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private byte[] _body = [];
    private RedactionSet _set = RedactionSet.Empty;
    private string _header = "";

    [Params("json", "html", "base64", "text", "form", "binary", "escaped")]
    public string Kind { get; set; } = "json";

    [Params(1, 6, 7)]
    public int Secrets { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _body = Texts.Body(Kind, Length);
        _set = Make();
        _set.Redact([.. _body], new EchoWork());
        _header = "application/json; charset=utf-8; " + Kind;
    }

    /// <summary>The yardstick: memory read once, one byte looked for that never comes.</summary>
    [Benchmark(Baseline = true)]
    public int IndexOfOneByte() => _body.AsSpan().IndexOf((byte)0x01);

    /// <summary>The search alone.</summary>
    [Benchmark]
    public bool Redact() => _set.Redact(_body, new EchoWork());

    /// <summary>The stream of an answer: copied in, searched, copied out.</summary>
    [Benchmark]
    public async Task<long> ReadStream()
    {
        await using var stream = new RedactingStream(new MemoryStream(_body), _set, new EchoWork());
        var total = 0L;
        while (await stream.ReadAsync(_buffer, CancellationToken.None) is > 0 and var read)
        {
            total += read;
        }

        return total;
    }

    /// <summary>One header of an answer.</summary>
    [Benchmark]
    public string Header() => _set.RedactHeader(_header, new EchoWork());

    /// <summary>What a callout costs whose search isn't kept yet.</summary>
    [Benchmark]
    public RedactionSet Make() => new(Texts.Secrets[..Secrets].Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret)));
}
