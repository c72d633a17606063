using System.Globalization;
using System.Text.Json.Nodes;

namespace Vault.Cli.Documents;

/// <summary>Judges nodes by the schema and makes JSON of them, noting where each value stands.</summary>
internal sealed class DocumentReader(DocumentErrors errors)
{
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);

    /// <summary>JSON path, as the vault writes it, to place.</summary>
    public IReadOnlyDictionary<string, Place> Places => _places;

    /// <summary>The document as JSON; what is wrong is noted.</summary>
    public JsonObject Read(MappingNode document) => Read(document, DocumentSchema.Root, "$") as JsonObject ?? [];

    private JsonNode? Read(DocumentNode node, JsonNode? schema, string path)
    {
        _places.TryAdd(path, node.At);
        return node switch
        {
            ScalarNode scalar => ReadScalar(scalar, schema),
            MappingNode mapping => ReadMapping(mapping, schema, path),
            SequenceNode sequence => ReadSequence(sequence, schema, path),
            _ => throw new InvalidOperationException("An unknown kind of node."),
        };
    }

    private JsonArray? ReadSequence(SequenceNode sequence, JsonNode? schema, string path)
    {
        if (!Allows(schema, "array"))
        {
            errors.Add(sequence.At, $"Must be {Wanted(schema)}, not a list.");
            return null;
        }

        var items = new JsonArray();
        for (var index = 0; index < sequence.Items.Count; index++)
        {
            items.Add(Read(sequence.Items[index], (schema as JsonObject)?["items"], $"{path}[{index}]"));
        }

        return items;
    }

    private JsonObject? ReadMapping(MappingNode mapping, JsonNode? schema, string path)
    {
        if (!Allows(schema, "object"))
        {
            errors.Add(mapping.At, $"Must be {Wanted(schema)}, not an object.");
            return null;
        }

        var (properties, further) = Properties(mapping, schema as JsonObject);
        var read = new JsonObject();
        foreach (var entry in mapping.Entries)
        {
            var at = entry.Name.Length > 0 && entry.Name.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-')
                ? $"{path}.{entry.Name}" : $"{path}['{entry.Name.Replace("'", "\\'", StringComparison.Ordinal)}']";
            if (properties.TryGetValue(entry.Name, out var own))
            {
                var value = Read(entry.Value, own, at);

                // Null is as if it were left out.
                if (value is not null)
                {
                    read[entry.Name] = value;
                }
                else if (entry.Value is ScalarNode { IsNull: true } && ((schema as JsonObject)?["required"] as JsonArray)?.Any(name => (string?)name == entry.Name) is true)
                {
                    errors.Add(entry.At, $"{entry.Name} needs a value.");
                }
            }
            else if (further is JsonValue closed && closed.TryGetValue<bool>(out var isOpen) && !isOpen)
            {
                errors.Add(entry.At, $"There is no field {entry.Name} here." + (NearestName.Of(entry.Name, properties.Keys) is { } nearest ? $" Did you mean {nearest}?"
                    : properties.Count == 0 ? "" : $" There are: {string.Join(", ", properties.Keys)}."));
            }
            else
            {
                read[entry.Name] = Read(entry.Value, further, at);
            }
        }

        foreach (var name in ((schema as JsonObject)?["required"] as JsonArray ?? []).Select(name => (string?)name).OfType<string>().Where(name => mapping.Find(name) is null))
        {
            errors.Add(mapping.At, $"The field {name} is missing.");
        }

        return read;
    }

    // The settings of authentication depend on its protocol; where that is unknown, it is the mistake to speak of.
    private static (IReadOnlyDictionary<string, JsonNode?> Properties, JsonNode? Further) Properties(MappingNode mapping, JsonObject? schema)
    {
        var properties = (schema?["properties"] as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        if (schema?["allOf"] is null)
        {
            return (properties, schema is null ? true : schema["additionalProperties"]);
        }

        var settings = mapping.Find("protocol") is ScalarNode protocol ? AuthenticationSchema.Of(protocol.Text) : null;
        if (settings is null)
        {
            return (properties, true);
        }

        foreach (var name in settings)
        {
            properties.TryAdd(name, true);
        }

        return (properties, false);
    }

    private JsonNode? ReadScalar(ScalarNode scalar, JsonNode? schema)
    {
        if (schema is not JsonObject { } known || known["type"] is null)
        {
            if (scalar.IsPlain && YamlScalars.IsTooLarge(scalar.Text))
            {
                errors.Add(scalar.At, "Is a number that is too large, or too near to zero: its exponent has at most nine digits.");
                return null;
            }

            return scalar.IsPlain ? YamlScalars.ToJson(scalar.Text) : scalar.Text;
        }

        if (scalar.IsNull && Allows(schema, "null"))
        {
            return null;
        }

        if (Allows(schema, "string"))
        {
            // As it is written: 1.1 stays 1.1, and no text turns into a number.
            if (known["enum"] is JsonArray allowed && allowed.All(text => (string?)text != scalar.Text))
            {
                var names = allowed.Select(text => (string?)text).OfType<string>().ToArray();
                errors.Add(scalar.At, $"Must be one of: {string.Join(", ", names)}." + (NearestName.Of(scalar.Text, names) is { } nearest ? $" Did you mean {nearest}?" : ""));
            }

            if (!scalar.IsNull)
            {
                return scalar.Text;
            }
        }

        if (scalar.IsPlain && Allows(schema, "integer") && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        if (scalar.IsPlain && Allows(schema, "boolean") && YamlScalars.ToJson(scalar.Text) is JsonValue value && value.TryGetValue<bool>(out var truth))
        {
            return truth;
        }

        errors.Add(scalar.At, $"Must be {Wanted(schema)}.");
        return null;
    }

    private static bool Allows(JsonNode? schema, string type) => schema is not JsonObject known || known["type"] switch
    {
        null => true,
        JsonArray types => types.Any(one => (string?)one == type),
        var one => (string?)one == type,
    };

    private static string Wanted(JsonNode? schema) =>
        Allows(schema, "string") && Allows(schema, "object") ? "a text or an object"
        : Allows(schema, "array") ? "a list"
        : Allows(schema, "object") ? "an object"
        : Allows(schema, "boolean") ? "true or false"
        : Allows(schema, "integer") ? "a whole number"
        : "a text";
}
