using System.Text.Json.Nodes;

namespace Vault.Cli.Documents;

/// <summary>The settings of each protocol, for editors and for the nearest name; what they may hold, the vault judges.</summary>
internal static class AuthenticationSchema
{
    private const string OAuth2Settings =
        "grant issuer tokenUrl authorizationUrl deviceAuthorizationUrl revocationUrl clientAuthentication scope audience resource tokenParameters tokenHeaders authorizationParameters assertion refreshOn";

    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal)
    {
        ["none"] = "",
        ["password"] = "",
        ["bearer"] = "",
        ["apiKey"] = "in parameterName prefix",
        ["custom"] = "notSecret",
        ["login"] = "steps apply lifetimeSeconds expiresIn expiresInMs expiresAt refreshOn refresh logout notSecret",
        ["oauth2"] = OAuth2Settings,
        ["jwt"] = "algorithm type keyId issuer subject audience claims lifetimeSeconds",
        ["awsSigV4"] = "region service roleArn externalId stsUrl durationSeconds",
        ["oauth1"] = "signatureMethod realm",
        ["digest"] = "",
    };

    /// <summary>The names of the settings of a protocol; null: no such protocol.</summary>
    public static IReadOnlyList<string>? Of(string protocol) =>
        Settings.TryGetValue(protocol, out var names) ? ["protocol", .. names.Split(' ', StringSplitOptions.RemoveEmptyEntries)] : null;

    /// <summary>The schema of <c>authentication</c>: an alternative for each protocol.</summary>
    public static JsonObject Make() => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("protocol"),
        ["properties"] = new JsonObject { ["protocol"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Settings.Keys.Select(name => (JsonNode)name)]) } },
        ["allOf"] = new JsonArray([.. Settings.Keys.Select(protocol => (JsonNode)new JsonObject
        {
            ["if"] = new JsonObject { ["properties"] = new JsonObject { ["protocol"] = new JsonObject { ["const"] = protocol } } },
            ["then"] = new JsonObject
            {
                ["properties"] = new JsonObject(Of(protocol)!.Select(name => KeyValuePair.Create(name, (JsonNode?)true))),
                ["additionalProperties"] = false,
            },
        })]),
    };
}
