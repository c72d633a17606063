using System.Text;
using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>A comparison, by RFC 9535 section 2.3.5.2.2; a missing value is equal only to another missing one.</summary>
internal sealed record ComparisonCondition(Operand Left, string Operator, Operand Right) : Condition
{
    public override bool Holds(Selection run, JsonElement current)
    {
        var left = Left.Value(run, current);
        var right = Right.Value(run, current);
        return Operator switch
        {
            "==" => AreEqual(run, left, right),
            "!=" => !AreEqual(run, left, right),
            "<" => IsLess(run, left, right),
            "<=" => IsLess(run, left, right) || AreEqual(run, left, right),
            ">" => IsLess(run, right, left),
            _ => IsLess(run, right, left) || AreEqual(run, left, right),
        };
    }

    private static bool AreEqual(Selection run, JsonElement? left, JsonElement? right) =>
        left is { } l && right is { } r ? Selectors.Nodes.AreEqual(run, l, r) : left is null && right is null;

    private static bool IsLess(Selection run, JsonElement? left, JsonElement? right)
    {
        if (left is not { } l || right is not { } r || l.ValueKind != r.ValueKind)
        {
            return false;
        }

        if (l.ValueKind == JsonValueKind.Number)
        {
            return l.TryGetInt64(out var i) && r.TryGetInt64(out var j)
                ? i < j
                : l.TryGetDouble(out var x) && r.TryGetDouble(out var y) && x < y;
        }

        // By code point, which is the order of UTF-8 bytes but not of UTF-16 units.
        return Selectors.Nodes.Text(run, l) is { } s && Selectors.Nodes.Text(run, r) is { } t
            && Encoding.UTF8.GetBytes(s).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(t)) < 0;
    }
}
