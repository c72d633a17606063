using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

internal sealed record AllCondition(IReadOnlyList<Condition> Parts) : Condition
{
    public override bool Holds(Selection run, JsonElement current) => Parts.All(part => part.Holds(run, current));
}
