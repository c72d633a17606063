using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

internal sealed record LiteralOperand(JsonElement Literal) : Operand
{
    public override bool IsValue => true;

    public override JsonElement? Value(Selection run, JsonElement current) => Literal;
}
