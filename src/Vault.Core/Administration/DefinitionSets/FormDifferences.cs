using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>What is different between two forms, as deep down as it can be said.</summary>
internal static class FormDifferences
{
    /// <summary>None where they are the same.</summary>
    public static List<DefinitionDifference> Between(JsonObject before, JsonObject after)
    {
        var found = new List<DefinitionDifference>();
        Compare(before, after, "", found);
        return found;
    }

    private static void Compare(JsonNode? before, JsonNode? after, string path, List<DefinitionDifference> found)
    {
        if (AreSame(before, after))
        {
            return;
        }

        if (before is JsonObject one && after is JsonObject other)
        {
            foreach (var name in one.Select(property => property.Key).Union(other.Select(property => property.Key)))
            {
                Compare(one[name], other[name], path.Length == 0 ? name : $"{path}.{name}", found);
            }
        }
        else if (before is JsonArray first && after is JsonArray second && first.Count == second.Count && !(IsPlain(first) && IsPlain(second)))
        {
            for (var index = 0; index < first.Count; index++)
            {
                Compare(first[index], second[index], $"{path}[{index}]", found);
            }
        }
        else
        {
            found.Add(new DefinitionDifference(path, ToElement(before), ToElement(after)));
        }
    }

    private static bool AreSame(JsonNode? before, JsonNode? after)
    {
        try
        {
            return JsonNode.DeepEquals(before, after);
        }
        catch (ArgumentOutOfRangeException)
        {
            // A number that was stored before such ones were refused: the platform compares no exponents of more than nine digits.
            return before?.ToJsonString() == after?.ToJsonString();
        }
    }

    // A list of texts or numbers is told whole: by its places, an item that was put in front would look like a change of all.
    private static bool IsPlain(JsonArray items) => items.All(item => item is JsonValue);

    private static JsonElement? ToElement(JsonNode? node) => node is null ? null : JsonSerializer.SerializeToElement(node);
}
