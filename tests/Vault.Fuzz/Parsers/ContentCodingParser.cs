using System.Text;
using Vault.Core.Redaction;

namespace Vault.Fuzz.Parsers;

/// <summary>A compressed answer: decoded, or refused as broken.</summary>
internal sealed class ContentCodingParser : IFuzzedParser
{
    private const int Enough = 8 * 1024 * 1024;

    public string Name => "content-coding";

    public IReadOnlyList<string> Words => ["gzip", "br", "deflate", "x-gzip", "identity", ",", "\u001f\u008b\b", "x\u009c", "\n"];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var pieces = new SeededNumbers(reader.Byte());
        var codings = Encoding.Latin1.GetString(reader.Line());
        using var content = new PieceStream(reader.Rest(), pieces);
        var decoded = ContentDecoding.Decode([codings], content);
        if (!decoded.IsOk)
        {
            FuzzFailure.Unless(decoded.Error.Code == "response-not-inspectable", decoded.Error.Code);
            return;
        }

        try
        {
            using var plain = new RedactingStream(decoded.Value, new RedactionSet([(ReadOnlyMemory<byte>)"Canary-Secret-1"u8.ToArray()]), new EchoWork());
            var buffer = new byte[16 * 1024];
            for (long total = 0; total < Enough;)
            {
                var count = plain.ReadAsync(buffer, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                FuzzFailure.Unless(buffer.AsSpan(0, count).IndexOf("Canary-Secret-1"u8) < 0, "A secret comes out of it.");
                if (count == 0)
                {
                    return;
                }

                total += count;
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or InvalidOperationException { Message: "Decoder ran into invalid data." })
        {
            // Broken; the callout ends with it.
        }
    }
}
