using System.Text.Json.Nodes;
using Microsoft.Kiota.Abstractions.Serialization;

namespace Vault.Client.Admin;

/// <summary>The settings of a protocol, which differ from one to the next: JSON in place of a type.</summary>
public static class VaultJson
{
    /// <summary>Makes the value of an <c>Authentication</c> property, as in <c>VaultJson.Of(new JsonObject { ["protocol"] = "password" })</c>.</summary>
    /// <param name="node">Any JSON; null is JSON's null.</param>
    /// <returns>The same, for a request.</returns>
    public static UntypedNode Of(JsonNode? node) => node switch
    {
        null => new UntypedNull(),
        JsonObject map => new UntypedObject(map.ToDictionary(item => item.Key, item => Of(item.Value))),
        JsonArray list => new UntypedArray([.. list.Select(Of)]),
        JsonValue value when value.TryGetValue<string>(out var text) => new UntypedString(text),
        JsonValue value when value.TryGetValue<bool>(out var flag) => new UntypedBoolean(flag),
        JsonValue value when value.TryGetValue<long>(out var number) => new UntypedLong(number),
        JsonValue value when value.TryGetValue<int>(out var number) => new UntypedInteger(number),
        JsonValue value when value.TryGetValue<decimal>(out var number) => new UntypedDecimal(number),
        _ => throw new ArgumentException("Only texts, numbers and booleans can stand in JSON for the vault.", nameof(node)),
    };
}
