using System.Text.Encodings.Web;
using System.Text.Json;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>JSON whose strings are templates, names of properties among them.</summary>
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
            .Select(property => (Name: OfName(property.Name, reader.PathOf(property.Name), errors), Value: Compile(property.Value, reader.PathOf(property.Name), errors)))
            .ToArray();
        var parts = properties.SelectMany(property => new[] { property.Name, property.Value }).ToArray();
        return new JsonTemplate([.. parts.SelectMany(part => part.References)], [.. parts.SelectMany(part => part.Templates)], (writer, scope) =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                if ((name.Write(writer, scope) ?? value.Write(writer, scope)) is { } error)
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

    private static JsonTemplate OfText(JsonElement element, string path, SettingsErrors errors) =>
        Parse(element.GetString() ?? "", path, errors) is { } template
            ? new JsonTemplate([.. PlacedReference.Of(template, path)], [template], (writer, scope) => WriteText(template, writer, scope))
            : Plain(element);

    private static JsonTemplate OfName(string name, string path, SettingsErrors errors) =>
        Parse(name, path, errors) is { } template
            ? new JsonTemplate([.. PlacedReference.Of(template, path)], [template], (writer, scope) => WriteName(template, writer, scope))
            : new JsonTemplate([], [], (writer, _) =>
            {
                writer.WritePropertyName(name);
                return null;
            });

    // Null where there is nothing to fill in.
    private static MergeTemplate? Parse(string text, string path, SettingsErrors errors)
    {
        var parsed = MergeTemplate.Parse(text);
        if (!parsed.IsOk)
        {
            errors.Add(path, parsed.Error.Detail);
        }

        return parsed.Value is { HasFields: true } template ? template : null;
    }

    private static VaultError? WriteText(MergeTemplate template, Utf8JsonWriter writer, IMergeScope scope) =>
        WriteJson(template, scope, json => writer.WriteRawValue(json));

    // There is no raw way to write a name: it is read, and escaped no more than the language would.
    private static VaultError? WriteName(MergeTemplate template, Utf8JsonWriter writer, IMergeScope scope) => WriteJson(
        template, scope, json => writer.WritePropertyName(JsonEncodedText.Encode(JsonSerializer.Deserialize<string>(json) ?? "", JavaScriptEncoder.UnsafeRelaxedJsonEscaping)));

    private static VaultError? WriteJson(MergeTemplate template, IMergeScope scope, Action<string> write)
    {
        var text = template.Resolve(scope, MergeEscaping.Json, escapeLiterals: true);
        if (!text.IsOk)
        {
            return text.Error;
        }

        try
        {
            // Raw, since the language has escaped it; RAW in a field is the admin's own doing, but it has to stay JSON.
            write("\"" + text.Value.Text + "\"");
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
