using System.Text.Json;

namespace Vault.Core.JsonPaths.Selectors;

/// <summary><c>start:end:step</c>, with the bounds of RFC 9535 section 2.3.4.2.2.</summary>
internal sealed record SliceSelector(long? Start, long? End, long Step) : Selector
{
    public override void Select(Selection run, JsonElement node, List<JsonElement> output)
    {
        if (node.ValueKind != JsonValueKind.Array || Step == 0)
        {
            return;
        }

        long length = node.GetArrayLength();
        var start = Normalize(Start ?? (Step > 0 ? 0 : length - 1), length);
        var end = Normalize(End ?? (Step > 0 ? length : -length - 1), length);
        var lower = Step > 0 ? Math.Clamp(start, 0, length) : Math.Clamp(end, -1, length - 1);
        var upper = Step > 0 ? Math.Clamp(end, 0, length) : Math.Clamp(start, -1, length - 1);
        var (first, last) = Step > 0 ? (lower, upper - 1) : (lower + 1, upper);
        if (first > last || !run.SpendPassing((int)last))
        {
            return;
        }

        // In one pass: an element among arrays and objects is found by its index only past all that stand before it.
        var before = output.Count;
        var index = -1L;
        foreach (var element in node.EnumerateArray())
        {
            index++;
            if (index > last)
            {
                break;
            }

            if (index >= first && (Step > 0 ? index - first : last - index) % Step == 0)
            {
                if (!run.Spend())
                {
                    break;
                }

                output.Add(element);
            }
        }

        if (Step < 0)
        {
            output.Reverse(before, output.Count - before);
        }
    }

    private static long Normalize(long index, long length) => index < 0 ? length + index : index;
}
