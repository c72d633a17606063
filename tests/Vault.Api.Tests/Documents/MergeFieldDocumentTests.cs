using System.Text;
using System.Text.RegularExpressions;
using Vault.Api.Tests.Protocols;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Documents;

/// <summary>Sends every field of docs/merge-fields.md that has a result.</summary>
public sealed partial class MergeFieldDocumentTests : ProtocolBench
{
    private const string Parameters = """{ "Username": "Ada", "Password": "q\"<&'\\é", "Padded": " x " }""";

    private static readonly string Document = File.ReadAllText(RepositoryFiles.PathOf("docs/merge-fields.md"));

    [Fact]
    public async Task Fields_GiveWhatTheDocumentSays()
    {
        using var app = await DefineAsync("""{ "protocol": "custom" }""", Parameters, ", \"allowMergeFieldsInBody\": true");
        (string Type, string Body, string Result)[] lines =
        [
            .. Field().Matches(Document).Select(match => ("text/plain", match.Groups[1].Value, match.Groups[2].Value)),
            .. Landing().Matches(Document).Select(match => (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value)),
        ];
        Assert.True(lines.Length >= 22, $"Only {lines.Length} lines were read.");
        foreach (var (type, body, result) in lines)
        {
            using var content = new StringContent(body, Encoding.UTF8, type);
            using var answer = await app.PostAsync($"/callout/{Name}/x", content);
            Assert.True(answer.IsSuccessStatusCode, $"{body}: {await answer.Content.ReadAsStringAsync()}");
            Assert.Equal(result, Service.Requests[^1].Text);
        }
    }

    [GeneratedRegex(@"^\| `(\{!.*?)` \| `(.*?)` \|$", RegexOptions.Multiline)]
    private static partial Regex Field();

    [GeneratedRegex("^\\| `([a-z]+/[a-z-]+)` \\| `(.*?)` \\| `(.*?)` \\|$", RegexOptions.Multiline)]
    private static partial Regex Landing();
}
