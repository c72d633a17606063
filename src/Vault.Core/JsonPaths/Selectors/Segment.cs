using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

/// <summary>A child segment, or a descendant one (<c>..</c>), with its selectors.</summary>
internal sealed record Segment(bool Descendant, IReadOnlyList<Selector> Selectors)
{
    /// <summary>Whether it can select one node at most.</summary>
    public bool IsSingular => !Descendant && Selectors is [NameSelector or IndexSelector];

    public void Select(Selection run, JsonElement node, List<JsonElement> output)
    {
        if (!Descendant)
        {
            Apply(run, node, output);
            return;
        }

        // A stack of our own: the depth of the document is the upstream's choice.
        var stack = new Stack<JsonElement>();
        stack.Push(node);
        List<JsonElement> children = [];
        while (stack.TryPop(out var current) && run.Spend())
        {
            Apply(run, current, output);
            children.Clear();
            Nodes.AddChildren(run, current, children);
            for (var i = children.Count - 1; i >= 0; i--)
            {
                stack.Push(children[i]);
            }
        }
    }

    private void Apply(Selection run, JsonElement node, List<JsonElement> output)
    {
        foreach (var selector in Selectors)
        {
            if (!run.Spend())
            {
                return;
            }

            selector.Select(run, node, output);
        }
    }
}
