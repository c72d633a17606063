using System.Runtime.InteropServices;
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

    public static JsonElement? Member(Selection run, JsonElement node, string name)
    {
        try
        {
            return node.ValueKind == JsonValueKind.Object && run.SpendPassing(node.GetPropertyCount()) && node.TryGetProperty(name, out var value) ? value : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static string? Text(Selection run, JsonElement node)
    {
        try
        {
            return node.ValueKind == JsonValueKind.String && run.SpendReading(SizeOf(node)) ? node.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static bool AreEqual(Selection run, JsonElement left, JsonElement right)
    {
        try
        {
            return left.ValueKind == right.ValueKind && run.SpendReading(Math.Min(SizeOf(left), SizeOf(right))) && JsonElement.DeepEquals(left, right);
        }
        catch (Exception e) when (e is InvalidOperationException or InsufficientExecutionStackException or ArgumentOutOfRangeException)
        {
            // Text that isn't Unicode, nesting too deep, a number whose exponent has more than nine digits.
            return false;
        }
    }

    private static int SizeOf(JsonElement node) => JsonMarshal.GetRawUtf8Value(node).Length;
}
