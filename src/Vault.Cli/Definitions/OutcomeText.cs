using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Definitions;

/// <summary>What a document changes, for people.</summary>
internal static class OutcomeText
{
    private const int Widest = 100;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Certain = ["created", "changed", "deleted"];

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["externalCredential"] = "external credential",
        ["credential"] = "secrets of",
        ["namedCredential"] = "named credential",
        ["app"] = "app",
        ["grant"] = "grant",
    };

    // Where secrets go: an address that is cut could end in anything.
    private static readonly string[] NeverCut = ["url", "allowedHosts", "externalCredential"];

    /// <summary>A line for each change, and those below it that say what is different.</summary>
    /// <param name="outcome">What the vault says.</param>
    /// <param name="console">Where to write.</param>
    /// <param name="references">Where secrets come from, by what they are for.</param>
    /// <param name="wanted">Which changes to write; null: all.</param>
    public static void Write(
        JsonNode outcome, IAnsiConsole console, IReadOnlyDictionary<string, SecretReference>? references = null, Func<JsonNode, bool>? wanted = null)
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
                var names = differences.Select(difference => SafeText.Of((string?)difference["path"]).Replace("parameters.", "", StringComparison.Ordinal)).ToArray();
                line += sign switch { '-' => ": all of them", '?' => $": {string.Join(", ", names)} (compared when they are applied)", _ => $": {string.Join(", ", names)}" };
                console.MarkupLineInterpolated($"[{color}]{line}[/]");
                foreach (var (name, difference) in names.Zip(differences))
                {
                    if (references?.GetValueOrDefault($"{(string?)change["name"]} {name}") is { } reference)
                    {
                        console.WriteLine($"    {name}: {SafeText.Of(reference.Text)}");
                    }
                    else if (difference["before"] is not null || difference["after"] is not null)
                    {
                        console.WriteLine($"    {name}: {Text(difference["before"], difference["after"], isNew: difference["before"] is null, mayBeCut: false)}");
                    }
                }

                continue;
            }

            console.MarkupLineInterpolated($"[{color}]{line}[/]");
            foreach (var difference in differences)
            {
                var path = SafeText.Of((string?)difference["path"]);
                console.WriteLine($"    {path}: {Text(difference["before"], difference["after"], isNew: sign == '+', mayBeCut: !NeverCut.Contains(path))}");
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

    private static string Text(JsonNode? before, JsonNode? after, bool isNew, bool mayBeCut)
    {
        if (isNew)
        {
            return Text(after, mayBeCut);
        }

        // Of lists, what comes and goes: in two long ones nobody sees it.
        if (before is null or JsonArray && after is null or JsonArray && Items(before) is { } old && Items(after) is { } next)
        {
            var moved = next.Except(old).Select(item => "+ " + item).Concat(old.Except(next).Select(item => "- " + item)).ToArray();
            if (moved.Length > 0)
            {
                return string.Join(", ", moved);
            }
        }

        return $"{Text(before, mayBeCut)} → {Text(after, mayBeCut)}";
    }

    // Null where they aren't texts and numbers alone.
    private static string[]? Items(JsonNode? list) => list is not JsonArray items ? []
        : items.All(item => item is JsonValue) ? [.. items.Select(item => Text(item, mayBeCut: false))] : null;

    private static string Text(JsonNode? value, bool mayBeCut)
    {
        var text = value is null ? "–" : SafeText.Of(value.ToJsonString(Json));
        return !mayBeCut || text.Length <= Widest ? text : text[..Widest] + "…";
    }
}
