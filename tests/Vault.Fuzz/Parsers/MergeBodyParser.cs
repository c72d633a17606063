using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Fuzz.Parsers;

/// <summary>
/// A caller's body: read whole and in pieces it must come to the same; and no value breaks out of the JSON string or form value that
/// the field stands in.
/// </summary>
internal sealed class MergeBodyParser : IFuzzedParser
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Name => "merge-body";

    public IReadOnlyList<string> Words => MergeLanguage.Words;

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var contentType = reader.Choose<string?>(
            "application/json", "application/xml", "text/html", "application/x-www-form-urlencoded", "text/plain", "application/json; charset=us-ascii",
            "text/xml; charset=iso-8859-1", "application/x-www-form-urlencoded; charset=iso-8859-1", null);
        var pieces = new SeededNumbers((ulong)((reader.Byte() << 8) | reader.Byte()));
        var body = reader.Rest();
        CompareWholeWithPieces(body, MergeBodyFormat.Parse(contentType, null).Value!, pieces);

        var text = Encoding.UTF8.GetString(body);
        if (text.Length < 1000 && !text.Contains("ENCODE", StringComparison.OrdinalIgnoreCase) && !text.Contains("RAW", StringComparison.OrdinalIgnoreCase))
        {
            CompareWithTemplate(text);
        }
    }

    private static (byte[] Output, VaultError? Error) Whole(byte[] body, MergeBodyFormat format)
    {
        var output = new ArrayBufferWriter<byte>();
        var parsed = MergeBody.Parse(body, format);
        var scope = new MergeLanguage();
        var error = parsed.IsOk ? parsed.Value.Check(scope) ?? parsed.Value.Resolve(scope, output) : parsed.Error;
        if (parsed.IsOk && !parsed.Value.HasFields)
        {
            FuzzFailure.Unless(error is null && output.WrittenSpan.SequenceEqual(body), "A body without a field changes.");
        }

        return (output.WrittenSpan.ToArray(), error);
    }

    private static void CompareWholeWithPieces(byte[] body, MergeBodyFormat format, SeededNumbers numbers)
    {
        var (expected, expectedError) = Whole(body, format);
        var output = new ArrayBufferWriter<byte>();
        var writer = new MergeBodyWriter(format, new MergeLanguage(), output);
        VaultError? error = null;
        var most = 1 + numbers.Below(numbers.Below(3) == 0 ? 3 : 600);
        for (var from = 0; from < body.Length && error is null;)
        {
            // A copy, wiped afterwards: the writer may keep nothing of what it was given.
            var piece = body.AsSpan(from, Math.Min(body.Length - from, 1 + numbers.Below(most))).ToArray();
            from += piece.Length;
            error = Completed(writer.WriteAsync(piece, CancellationToken.None));
            Array.Clear(piece);
        }

        error ??= Completed(writer.CompleteAsync(CancellationToken.None));
        FuzzFailure.Unless((error is null) == (expectedError is null), $"Whole: {expectedError?.Detail ?? "fine"}; in pieces: {error?.Detail ?? "fine"}");
        FuzzFailure.Unless(expectedError is not null || output.WrittenSpan.SequenceEqual(expected), "In pieces the body comes out differently.");
    }

    // What a field comes to in a template is what a JSON string or a form value comes to that holds the same text.
    private static void CompareWithTemplate(string text)
    {
        var template = MergeTemplate.Parse(text);
        var scope = new MergeLanguage();
        var resolved = template.IsOk && template.Value.Check(scope) is null ? template.Value.Resolve(scope, MergeEscaping.None) : default;
        var expected = template.IsOk && resolved.IsOk ? resolved.Value.Text : null;

        var (json, jsonError) = Whole(JsonSerializer.SerializeToUtf8Bytes(new { a = text }, Relaxed), MergeBodyFormat.Parse("application/json", null).Value!);
        if (expected is not null && jsonError is null)
        {
            using var document = JsonDocument.Parse(json);
            FuzzFailure.Unless(document.RootElement.EnumerateObject().Count() == 1, "A value broke out of a JSON string.");
            FuzzFailure.Unless(document.RootElement.GetProperty("a").GetString() == expected, $"In JSON it is {document.RootElement.GetProperty("a").GetString()}, as text {expected}");
        }

        var (form, formError) = Whole(Encoding.UTF8.GetBytes("a=" + WebUtility.UrlEncode(text)), MergeBodyFormat.Parse("application/x-www-form-urlencoded", null).Value!);
        if (expected is not null && formError is null)
        {
            var pairs = Encoding.UTF8.GetString(form).Split('&');
            FuzzFailure.Unless(pairs.Length == 1, "A value broke out of a form value.");
            FuzzFailure.Unless(WebUtility.UrlDecode(pairs[0][2..]) == expected, $"In a form it is {WebUtility.UrlDecode(pairs[0][2..])}, as text {expected}");
        }

        FuzzFailure.Unless((expected is null) == (jsonError is not null), $"As text: {expected ?? "an error"}; in JSON: {jsonError?.Detail ?? "fine"}");
    }

    private static VaultError? Completed(ValueTask<VaultError?> task) => task.IsCompletedSuccessfully ? task.Result : throw new FuzzFailure("It waits for something.");
}
