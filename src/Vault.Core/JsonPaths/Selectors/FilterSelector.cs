using System.Text.Json;
using Vault.Core.JsonPaths.Filters;

namespace Vault.Core.JsonPaths.Selectors;

internal sealed record FilterSelector(Condition Condition) : Selector
{
    public override void Select(Selection run, JsonElement node, List<JsonElement> output)
    {
        List<JsonElement> children = [];
        Nodes.AddChildren(run, node, children);
        foreach (var child in children)
        {
            if (!run.Spend())
            {
                return;
            }

            if (Condition.Holds(run, child) && !run.IsOver)
            {
                output.Add(child);
            }
        }
    }
}
