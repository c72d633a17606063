using System.Buffers;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Order;
using Vault.Core.MergeFields;
using Vault.Core.MergeFields.Scanning;

namespace Vault.MicroBench;

/// <summary>
/// How fast a body without a merge field goes through the search for one, in blocks of 64 KiB, beside one search for one rare
/// byte in the same run. A body has 1 MiB, so a time of 50 µs is 21 GB/s.
/// </summary>
[Orderer(SummaryOrderPolicy.Declared)]
[MemoryDiagnoser]
public class MergeBenchmarks
{
    private const int Block = 64 * 1024;
    private const int Length = 1024 * 1024;
    private readonly ArrayBufferWriter<byte> _output = new(Length);
    private byte[] _body = [];
    private MergeBodyFormat _format = MergeBodyFormat.PlainText;

    [Params("json", "html", "base64", "text", "binary", "form")]
    public string Kind { get; set; } = "json";

    [GlobalSetup]
    public void Setup()
    {
        _body = Texts.Body(Kind, Length);
        _format = MergeBodyFormat.Parse(
            Kind switch { "json" => "application/json", "html" => "text/html", "form" => "application/x-www-form-urlencoded", _ => "application/octet-stream" }, null).Value!;
    }

    /// <summary>The yardstick: memory read once, one byte looked for that never comes.</summary>
    [Benchmark(Baseline = true)]
    public int IndexOfOneByte()
    {
        var found = 0;
        for (var at = 0; at < Length; at += Block)
        {
            found += _body.AsSpan(at, Block).IndexOf((byte)0x01);
        }

        return found;
    }

    /// <summary>The search for an opener alone.</summary>
    [Benchmark]
    public int FindOpener()
    {
        var found = 0;
        for (var at = 0; at < Length; at += Block)
        {
            found += OpenerSearch.Find(_body.AsSpan(at, Block), _format.IsForm);
        }

        return found;
    }

    /// <summary>A whole body, as it is read before anything is sent: searched, and places counted.</summary>
    [Benchmark]
    public bool ParseWhole() => MergeBody.Parse(_body, _format).Value!.HasFields;

    /// <summary>A body that streams: searched, places counted, and copied to the output.</summary>
    [Benchmark]
    public async Task<int> WriteStream()
    {
        _output.ResetWrittenCount();
        var writer = new MergeBodyWriter(_format, NoScope.Instance, _output);
        for (var at = 0; at < Length; at += Block)
        {
            await writer.WriteAsync(_body.AsMemory(at, Block), CancellationToken.None);
        }

        await writer.CompleteAsync(CancellationToken.None);
        return _output.WrittenCount;
    }
}
