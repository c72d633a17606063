using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>A logical expression of a filter.</summary>
internal abstract record Condition
{
    public abstract bool Holds(Selection run, JsonElement current);
}
