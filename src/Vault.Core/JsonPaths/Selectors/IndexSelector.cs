using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

/// <summary>An element of an array; negative counts from its end.</summary>
internal sealed record IndexSelector(long Index) : Selector
{
    public override void Select(Selection run, JsonElement node, List<JsonElement> output)
    {
        if (node.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        long length = node.GetArrayLength();
        var index = Index < 0 ? length + Index : Index;
        if (index >= 0 && index < length && run.SpendPassing((int)index))
        {
            output.Add(node[(int)index]);
        }
    }
}
