using System.Text.Json.Nodes;
using Spectre.Console;
using Vault.Cli.Terminals;

namespace Vault.Cli.Definitions;

/// <summary>What a document changes, for people.</summary>
internal static class OutcomeText
{
    private const int Widest = 100;

    private static readonly string[] Certain = ["created", "changed", "deleted"];

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["externalCredential"] = "external credential",
        ["credential"] = "secrets of",
        ["namedCredential"] = "named credential",
        ["app"] = "app",
        ["grant"] = "grant",
    };

    /// <summary>A line for each change, and those below it that say what is different.</summary>
    public static void Write(JsonNode outcome, IAnsiConsole console, Func<JsonNode, bool>? wanted = null)
    {
        foreach (var change in (outcome["changes"] as JsonArray ?? []).OfType<JsonNode>().Where(change => wanted?.Invoke(change) is not false))
        {
            var (sign, color) = (string?)change["action"] switch
            {
                "created" => ('+', "green"),
                "deleted" => ('-', "red"),
                "undetermined" => ('?', "grey"),
                _ => ('~', "yellow"),
            };
            var kind = (string?)change["kind"] ?? "";
            var differences = (change["differences"] as JsonArray ?? []).OfType<JsonNode>().ToArray();
            var line = $"{sign} {Kinds.GetValueOrDefault(kind, kind)} {SafeText.Of((string?)change["name"])}";
            if (kind == "credential")
            {
                line += ": " + string.Join(", ", differences.Select(difference => ((string?)difference["path"] ?? "").Replace("parameters.", "", StringComparison.Ordinal)))
                    + (sign == '?' ? " (compared when they are applied)" : "");
                differences = [];
            }

            console.MarkupLineInterpolated($"[{color}]{line}[/]");
            foreach (var difference in differences)
            {
                console.WriteLine($"    {SafeText.Of((string?)difference["path"])}: {Text(difference["before"])} → {Text(difference["after"])}");
            }
        }
    }

    /// <summary>The closing line: <c>N created, N changed, N unchanged</c>, or <c>no changes</c>.</summary>
    public static string Summary(JsonNode outcome)
    {
        var (created, changed, deleted) = (Number("created"), Number("changed"), Number("deleted"));
        return created + changed + deleted == 0
            ? "no changes"
            : $"{created} created, {changed} changed, {(deleted > 0 ? $"{deleted} deleted, " : "")}{Number("unchanged") + Number("undetermined")} unchanged";

        int Number(string name) => (int?)outcome[name] ?? 0;
    }

    /// <summary>Whether anything is different for certain.</summary>
    public static bool HasChanges(JsonNode outcome) => Certain.Any(name => (int?)outcome[name] > 0);

    private static string Text(JsonNode? value)
    {
        var text = value is null ? "–" : SafeText.Of(value.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        return text.Length <= Widest ? text : text[..Widest] + "…";
    }
}
