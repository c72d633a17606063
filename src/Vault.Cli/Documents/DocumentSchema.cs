using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace Vault.Cli.Documents;

/// <summary>The JSON schema of definitions files, made of the model; editors complete and check by it, and so does the reader.</summary>
internal static class DocumentSchema
{
    private static readonly JsonSerializerOptions Indented = new(DefinitionsYaml.Json) { WriteIndented = true };

    /// <summary>The schema.</summary>
    public static JsonObject Root { get; } = Make();

    /// <summary>As a file.</summary>
    public static string Text => Root.ToJsonString(Indented) + "\n";

    private static JsonObject Make()
    {
        var made = (JsonObject)Make(typeof(DefinitionsDocument));
        var root = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Vault definitions",
        };
        foreach (var (name, value) in made)
        {
            root[name] = value?.DeepClone();
        }

        Inline(root, made);
        return root;
    }

    private static JsonNode Make(Type type) => DefinitionsYaml.Json.GetJsonSchemaAsNode(
        type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe });

    // What stands in two places is written out in both, for readers that don't follow references.
    private static void Inline(JsonNode? node, JsonObject whole)
    {
        foreach (var child in node switch
        {
            JsonObject mapping => mapping.Select(pair => pair.Value).ToArray(),
            JsonArray list => [.. list],
            _ => [],
        })
        {
            if (child is JsonObject { } one && (string?)one["$ref"] is { } pointer)
            {
                var found = pointer[2..].Split('/').Aggregate((JsonNode?)whole, (at, segment) => at?[segment]);
                one.Remove("$ref");
                foreach (var (name, value) in (JsonObject?)found ?? throw new InvalidOperationException("A reference leads nowhere."))
                {
                    one[name] = value?.DeepClone();
                }
            }

            Inline(child, whole);
        }
    }

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is not JsonObject node)
        {
            return schema;
        }

        if (context.TypeInfo.Type == typeof(JsonObject))
        {
            node = AuthenticationSchema.Make();
        }

        if (context.TypeInfo.Type == typeof(ParameterDefinitions))
        {
            // What a value may be, and that null removes a parameter, isn't to be seen in the type.
            var kept = (JsonObject)Make(typeof(KeptSecretDefinition)).DeepClone();
            kept["type"] = new JsonArray("string", "object", "null");
            node["additionalProperties"] = kept;
        }

        var attributes = context.PropertyInfo?.AttributeProvider ?? (context.Path.Length == 0 ? context.TypeInfo.Type : null);
        if (attributes?.GetCustomAttributes(typeof(AllowedTextAttribute), false) is [AllowedTextAttribute allowed, ..])
        {
            node["enum"] = new JsonArray([.. allowed.Values.Select(text => (JsonNode)text), null]);
        }

        if (attributes?.GetCustomAttributes(typeof(DescriptionAttribute), false) is [DescriptionAttribute description, ..])
        {
            var described = new JsonObject { ["description"] = description.Description };
            foreach (var (name, value) in node)
            {
                described[name] = value?.DeepClone();
            }

            node = described;
        }

        return node;
    }
}
