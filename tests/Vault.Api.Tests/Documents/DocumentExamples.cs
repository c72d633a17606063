using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Vault.Testing;

namespace Vault.Api.Tests.Documents;

/// <summary>The JSON examples of a document.</summary>
internal static partial class DocumentExamples
{
    /// <summary>Every example of a file in docs/.</summary>
    public static IEnumerable<JsonNode> Of(string file) =>
        Block().Matches(File.ReadAllText(RepositoryFiles.PathOf("docs/" + file))).Select(match => JsonNode.Parse(match.Groups[1].Value)!);

    /// <summary>The name of its named credential.</summary>
    public static string NameOf(JsonNode example) => (string)example["namedCredential"]!["name"]!;

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
