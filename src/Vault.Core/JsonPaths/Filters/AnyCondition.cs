using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

internal sealed record AnyCondition(IReadOnlyList<Condition> Parts) : Condition
{
    public override bool Holds(Selection run, JsonElement current) => Parts.Any(part => part.Holds(run, current));
}
