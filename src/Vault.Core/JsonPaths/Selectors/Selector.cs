using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

/// <summary>Picks children of a node.</summary>
internal abstract record Selector
{
    public abstract void Select(Selection run, JsonElement node, List<JsonElement> output);
}
