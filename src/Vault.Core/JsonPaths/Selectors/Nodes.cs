using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

/// <summary>Access to elements that doesn't throw: a JSON string may hold half a surrogate pair, which .NET can't turn into text.</summary>
internal static class Nodes
{
    public static void AddChildren(Selection run, JsonElement node, List<JsonElement> output)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (var child in node.EnumerateArray())
            {
                if (!run.Spend())
                {
                    return;
                }

                output.Add(child);
            }
        }
        else if (node.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in node.EnumerateObject())
            {
                if (!run.Spend())
                {
                    return;
                }

                output.Add(property.Value);
            }
        }
    }

    public static JsonElement? Member(JsonElement node, string name)
    {
        try
        {
            return node.ValueKind == JsonValueKind.Object && node.TryGetProperty(name, out var value) ? value : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static string? Text(JsonElement node)
    {
        try
        {
            return node.ValueKind == JsonValueKind.String ? node.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static bool AreEqual(JsonElement left, JsonElement right)
    {
        try
        {
            return JsonElement.DeepEquals(left, right);
        }
        catch (Exception e) when (e is InvalidOperationException or InsufficientExecutionStackException or ArgumentOutOfRangeException)
        {
            // Text that isn't Unicode, nesting too deep, a number whose exponent has more than nine digits.
            return false;
        }
    }
}
