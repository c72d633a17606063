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
        for (var i = Step > 0 ? lower : upper; Step > 0 ? i < upper : i > lower; i += Step)
        {
            if (!run.Spend())
            {
                return;
            }

            output.Add(node[(int)i]);
        }
    }

    private static long Normalize(long index, long length) => index < 0 ? length + index : index;
}
