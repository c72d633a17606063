using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>What can stand in a comparison or be an argument.</summary>
internal abstract record Operand
{
    /// <summary>Whether it has a value (a literal, a singular query, a function that returns one).</summary>
    public abstract bool IsValue { get; }

    /// <summary>Its value; null is the RFC's Nothing.</summary>
    public abstract JsonElement? Value(Selection run, JsonElement current);
}
