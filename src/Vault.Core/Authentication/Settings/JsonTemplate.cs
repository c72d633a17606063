using System.Text.Json;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>JSON whose strings are templates; names of properties are not.</summary>
/// <param name="References">Every reference in it.</param>
/// <param name="Templates">Every template in it.</param>
/// <param name="Write">Writes it, filled in; null or the failure.</param>
internal sealed record JsonTemplate(
    IReadOnlyList<PlacedReference> References, IReadOnlyList<MergeTemplate> Templates, Func<Utf8JsonWriter, IMergeScope, VaultError?> Write)
{
    /// <summary>Compiles; mistakes are added at their paths.</summary>
    public static JsonTemplate Compile(JsonElement element, string path, SettingsErrors errors) => element.ValueKind switch
    {
        JsonValueKind.Object => OfObject(element, path, errors),
        JsonValueKind.Array => OfArray(element, path, errors),
        JsonValueKind.String => OfText(element, path, errors),
        _ => Plain(element),
    };

    private static JsonTemplate OfObject(JsonElement element, string path, SettingsErrors errors)
    {
        var reader = SettingsReader.At(element, path, errors);
        var properties = element.EnumerateObject()
            .Select(property => (property.Name, Value: Compile(property.Value, reader.PathOf(property.Name), errors)))
            .ToArray();
        return new JsonTemplate(
            [.. properties.SelectMany(property => property.Value.References)], [.. properties.SelectMany(property => property.Value.Templates)], (writer, scope) =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                writer.WritePropertyName(name);
                if (value.Write(writer, scope) is { } error)
                {
                    return error;
                }
            }

            writer.WriteEndObject();
            return null;
        });
    }

    private static JsonTemplate OfArray(JsonElement element, string path, SettingsErrors errors)
    {
        var items = element.EnumerateArray().Select((item, index) => Compile(item, $"{path}[{index}]", errors)).ToArray();
        return new JsonTemplate([.. items.SelectMany(item => item.References)], [.. items.SelectMany(item => item.Templates)], (writer, scope) =>
        {
            writer.WriteStartArray();
            foreach (var item in items)
            {
                if (item.Write(writer, scope) is { } error)
                {
                    return error;
                }
            }

            writer.WriteEndArray();
            return null;
        });
    }

    private static JsonTemplate OfText(JsonElement element, string path, SettingsErrors errors)
    {
        var parsed = MergeTemplate.Parse(element.GetString() ?? "");
        if (!parsed.IsOk)
        {
            errors.Add(path, parsed.Error.Detail);
        }

        return parsed.Value is { HasFields: true } template
            ? new JsonTemplate([.. PlacedReference.Of(template, path)], [template], (writer, scope) => WriteText(template, writer, scope))
            : Plain(element);
    }

    private static VaultError? WriteText(MergeTemplate template, Utf8JsonWriter writer, IMergeScope scope)
    {
        var text = template.Resolve(scope, MergeEscaping.Json, escapeLiterals: true);
        if (!text.IsOk)
        {
            return text.Error;
        }

        try
        {
            // Raw, since the language has escaped it; RAW in a field is the admin's own doing, but it has to stay JSON.
            writer.WriteRawValue("\"" + text.Value.Text + "\"");
            return null;
        }
        catch (JsonException)
        {
            return new VaultError(ErrorCodes.MergeFieldInvalid, "A field with RAW made the json of a step invalid.");
        }
    }

    private static JsonTemplate Plain(JsonElement element)
    {
        // The document that it came from may be gone when it is written.
        var kept = element.Clone();
        return new JsonTemplate([], [], (writer, _) =>
        {
            kept.WriteTo(writer);
            return null;
        });
    }
}
