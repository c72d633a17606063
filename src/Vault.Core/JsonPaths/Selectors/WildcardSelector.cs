using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

internal sealed record WildcardSelector : Selector
{
    public override void Select(Selection run, JsonElement node, List<JsonElement> output) => Nodes.AddChildren(run, node, output);
}
