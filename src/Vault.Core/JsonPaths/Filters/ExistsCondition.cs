using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

internal sealed record ExistsCondition(QueryOperand Query) : Condition
{
    public override bool Holds(Selection run, JsonElement current) => Query.Nodes(run, current).Count > 0;
}
