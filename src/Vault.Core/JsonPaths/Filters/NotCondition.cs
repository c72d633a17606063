using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

internal sealed record NotCondition(Condition Inner) : Condition
{
    public override bool Holds(Selection run, JsonElement current) => !Inner.Holds(run, current);
}
