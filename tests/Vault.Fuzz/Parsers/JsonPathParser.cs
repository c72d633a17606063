using System.Text;
using System.Text.Json;
using Vault.Core.JsonPaths;

namespace Vault.Fuzz.Parsers;

/// <summary>A query, and a document that a service answered.</summary>
internal sealed class JsonPathParser : IFuzzedParser
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };

    public string Name => "json-path";

    public IReadOnlyList<string> Words =>
    [
        "$", "@", "$.", "..", "[*]", "['a']", "[\"a\"]", "[0]", "[-1]", "[1:2:3]", "[::-1]", "[?", "?@.a==1", "&&", "||", "!", "(", ")", "<=", "length(", "count(", "match(", "search(", "value(", "'a.*'",
        "\\u0061", "\\ud83d\\ude00", "9007199254740991", "-9007199254740992", "1e3", "null", "true", "$..*", "[*]..[*]", "\n{\"a\":[1,2,{\"b\":\"c\"}]}", ",",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var parsed = JsonPathQuery.Parse(reader.Text());
        if (!parsed.IsOk)
        {
            FuzzFailure.Unless(parsed.Error.Code == "invalid-request", parsed.Error.Code);
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetString(reader.Rest()), Strict);
            var nodes = parsed.Value.Select(document.RootElement);
            FuzzFailure.Unless(nodes.All(node => node.ValueKind is not JsonValueKind.Undefined), "It selects what isn't there.");
            FuzzFailure.Unless(JsonPathQuery.Parse(parsed.Value.Text).Value!.Select(document.RootElement).Count == nodes.Count, "It selects differently the second time.");
        }
        catch (JsonException)
        {
            // No document.
        }
    }
}
