using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>The body of a step: text, JSON or a form, with templates in it.</summary>
/// <param name="ContentType">The header; null: none is sent.</param>
/// <param name="References">Every reference in it.</param>
/// <param name="Render">Makes the text.</param>
internal sealed record LoginBody(string? ContentType, IReadOnlyList<MergeReference> References, Func<IMergeScope, Result<string>> Render)
{
    /// <summary>Reads <c>body</c>, <c>json</c> or <c>form</c>, of which only one may stand.</summary>
    public static LoginBody? Read(SettingsReader settings, SettingsErrors errors)
    {
        var contentType = settings.Text("contentType");
        if ((settings.Has("body") ? 1 : 0) + (settings.Has("json") ? 1 : 0) + (settings.Has("form") ? 1 : 0) > 1)
        {
            settings.Refuse("body", "Only one of body, json and form may stand.");
        }

        if (contentType is not null && (contentType.Any(char.IsControl) || !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out _)))
        {
            settings.Refuse("contentType", "Must be a media type.");
            contentType = null;
        }

        LoginBody? text = settings.Template("body") is { } template ? OfText(settings, template, contentType) : null;
        LoginBody? json = settings.Has("json") ? OfJson(settings.Any("json")!.Value, settings.PathOf("json"), errors, contentType) : null;
        LoginBody? form = settings.Has("form") ? OfForm(settings.Templates("form", NameRules.Query), contentType) : null;
        if (text is null && json is null && form is null)
        {
            settings.Any("json");
            settings.Any("form");
            if (contentType is not null)
            {
                settings.Refuse("contentType", "Stands beside a body, json or form.");
            }
        }

        return text ?? json ?? form;
    }

    private static LoginBody OfText(SettingsReader settings, MergeTemplate template, string? contentType)
    {
        var format = MergeBodyFormat.Parse(contentType, null);
        if (!format.IsOk)
        {
            settings.Refuse("contentType", format.Error.Detail);
        }

        var escaping = format.Value?.Escaping ?? MergeEscaping.None;
        return new LoginBody(contentType, template.References, scope => Text(template.Resolve(scope, escaping)));
    }

    private static LoginBody OfForm(IReadOnlyList<NamedTemplate> pairs, string? contentType) => new(
        contentType ?? "application/x-www-form-urlencoded",
        [.. pairs.SelectMany(pair => pair.Template.References)],
        scope =>
        {
            var parts = new List<string>();
            foreach (var pair in pairs)
            {
                var value = pair.Template.Resolve(scope, MergeEscaping.Form, escapeLiterals: true);
                if (!value.IsOk)
                {
                    return value.Error;
                }

                parts.Add(Uri.EscapeDataString(pair.Name) + "=" + value.Value.Text);
            }

            return string.Join('&', parts);
        });

    private static LoginBody OfJson(JsonElement json, string path, SettingsErrors errors, string? contentType)
    {
        var templates = new Dictionary<string, MergeTemplate>();
        Compile(json, path);
        return new LoginBody(
            contentType ?? "application/json",
            [.. templates.Values.SelectMany(template => template.References)],
            scope =>
            {
                using var stream = new MemoryStream();
                using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = false }))
                {
                    if (Write(json, path, templates, scope, writer) is { } error)
                    {
                        return error;
                    }
                }

                return System.Text.Encoding.UTF8.GetString(stream.ToArray());
            });

        void Compile(JsonElement element, string at)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var property in element.EnumerateObject())
                    {
                        Compile(property.Value, at + "." + property.Name);
                    }

                    break;
                case JsonValueKind.Array:
                    var index = 0;
                    foreach (var item in element.EnumerateArray())
                    {
                        Compile(item, $"{at}[{index++}]");
                    }

                    break;
                case JsonValueKind.String:
                    var template = MergeTemplate.Parse(element.GetString() ?? "");
                    if (!template.IsOk)
                    {
                        errors.Add(at, template.Error.Detail);
                    }
                    else if (template.Value.HasFields)
                    {
                        templates[at] = template.Value;
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private static VaultError? Write(JsonElement element, string at, Dictionary<string, MergeTemplate> templates, IMergeScope scope, Utf8JsonWriter writer)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    if (Write(property.Value, at + "." + property.Name, templates, scope, writer) is { } error)
                    {
                        return error;
                    }
                }

                writer.WriteEndObject();
                return null;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    if (Write(item, $"{at}[{index++}]", templates, scope, writer) is { } error)
                    {
                        return error;
                    }
                }

                writer.WriteEndArray();
                return null;
            case JsonValueKind.String when templates.TryGetValue(at, out var template):
                var text = template.Resolve(scope, MergeEscaping.Json, escapeLiterals: true);
                if (!text.IsOk)
                {
                    return text.Error;
                }

                // Raw, since the language has escaped it; RAW in a field is the admin's own doing, but it has to stay JSON.
                try
                {
                    writer.WriteRawValue("\"" + text.Value.Text + "\"");
                    return null;
                }
                catch (JsonException)
                {
                    return new VaultError(ErrorCodes.MergeFieldInvalid, "A field with RAW made the json of a step invalid.");
                }

            default:
                element.WriteTo(writer);
                return null;
        }
    }

    private static Result<string> Text(Result<MergeOutput> output) => output.IsOk ? output.Value.Text : output.Error;
}
