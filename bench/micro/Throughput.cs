using System.Diagnostics;
using System.Text;
using Vault.Core.MergeFields.Scanning;
using Vault.Core.Redaction;

namespace Vault.MicroBench;

/// <summary>
/// How many GB/s go through the searches, by the clock: each measurement is the best of many short ones, taken in turns with the others of its
/// row and with the search for one byte that never comes, so that a machine that others slow down shows in all of them alike.
/// </summary>
internal static class Throughput
{
    private const int Length = 1024 * 1024;
    private const int Block = 64 * 1024;
    private const int WarmUp = 400;
    private const int Rounds = 60;
    private const int InRound = 10;

    /// <summary>Prints a table, a row for each kind of body.</summary>
    /// <param name="secrets">How many secrets are searched for.</param>
    public static void Run(int secrets)
    {
        var set = new RedactionSet(Texts.Secrets[..secrets].Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret)));
        var buffer = new byte[Block];
        Console.WriteLine("| body | one byte | redaction: search | redaction: stream | openers of merge fields |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (var kind in new[] { "json", "html", "base64", "text", "form", "binary", "escaped" })
        {
            var body = Texts.Body(kind, Length);

            // What has every byte ends a search for one of them at once.
            var plain = kind == "binary" ? new byte[Length] : body;
            Action[] ways =
            [
                () => plain.AsSpan().IndexOf((byte)0x01),
                () => set.Redact(body, new EchoWork()),
                () => Read(new RedactingStream(new MemoryStream(body), set, new EchoWork()), buffer),
                () => FindOpeners(body, kind == "form"),
            ];
            Console.WriteLine($"| {kind} | {string.Join(" | ", Best(ways).Select(time => $"{Length / time.TotalNanoseconds:F1}"))} |");
        }
    }

    private static TimeSpan[] Best(Action[] ways)
    {
        foreach (var way in ways)
        {
            Repeat(way, WarmUp);
        }

        var best = ways.Select(_ => TimeSpan.MaxValue).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var time = Repeat(ways[way], InRound) / InRound;
                best[way] = time < best[way] ? time : best[way];
            }
        }

        return best;
    }

    private static TimeSpan Repeat(Action way, int times)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            way();
        }

        return Stopwatch.GetElapsedTime(start);
    }

    // A stream over memory is never behind: nothing is waited for.
    private static void Read(RedactingStream stream, byte[] buffer)
    {
        using (stream)
        {
            while (stream.ReadAsync(buffer, CancellationToken.None).AsTask().GetAwaiter().GetResult() > 0)
            {
            }
        }
    }

    private static void FindOpeners(byte[] body, bool isForm)
    {
        for (var at = 0; at < body.Length; at += Block)
        {
            OpenerSearch.Find(body.AsSpan(at, Block), isForm);
        }
    }
}
