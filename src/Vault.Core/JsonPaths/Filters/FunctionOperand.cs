using System.Globalization;
using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

/// <summary><c>length</c>, <c>count</c> and <c>value</c>: the functions that return a value.</summary>
internal sealed record FunctionOperand(string Name, Operand Argument) : Operand
{
    public override bool IsValue => true;

    public override JsonElement? Value(Selection run, JsonElement current) => Name switch
    {
        "length" => Length(run, Argument.Value(run, current)),
        "count" => Number(((QueryOperand)Argument).Nodes(run, current).Count),
        _ => Argument.Value(run, current),
    };

    private static JsonElement? Length(Selection run, JsonElement? value) => value?.ValueKind switch
    {
        JsonValueKind.String => Selectors.Nodes.Text(run, value.Value) is { } text ? Number(text.EnumerateRunes().Count()) : null,
        JsonValueKind.Array => Number(value.Value.GetArrayLength()),
        JsonValueKind.Object => Number(value.Value.GetPropertyCount()),
        _ => null,
    };

    private static JsonElement Number(int number)
    {
        using var document = JsonDocument.Parse(number.ToString(CultureInfo.InvariantCulture));
        return document.RootElement.Clone();
    }
}
