using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

internal sealed record NameSelector(string Name) : Selector
{
    public override void Select(Selection run, JsonElement node, List<JsonElement> output)
    {
        if (Nodes.Member(run, node, Name) is { } value)
        {
            output.Add(value);
        }
    }
}
