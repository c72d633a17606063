using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>The body of a step: text, JSON or a form, with templates in it.</summary>
/// <param name="ContentType">The header; null: none is sent, or it stands among the step's headers.</param>
/// <param name="References">Every reference in it.</param>
/// <param name="Render">Makes the bytes.</param>
internal sealed record LoginBody(string? ContentType, IReadOnlyList<PlacedReference> References, Func<IMergeScope, Result<byte[]>> Render)
{
    private static readonly string[] Kinds = ["body", "json", "form"];

    /// <summary>Reads <c>body</c>, <c>json</c> or <c>form</c>, of which only one may stand.</summary>
    /// <param name="settings">The <c>request</c>.</param>
    /// <param name="errors">Where mistakes go.</param>
    /// <param name="header">A <c>Content-Type</c> among the step's headers.</param>
    public static LoginBody? Read(SettingsReader settings, SettingsErrors errors, NamedTemplate? header)
    {
        var contentType = ReadContentType(settings, header);
        var given = Kinds.Where(settings.Has).ToArray();
        if (given.Length > 1)
        {
            settings.Refuse(given[1], "Only one of body, json and form may stand.");
        }

        if (given.Length == 0 && contentType is not null)
        {
            settings.Refuse("contentType", "Stands beside a body, json or form.");
        }

        var text = settings.Text("body");
        var json = settings.Any("json");
        var form = settings.Pairs("form", NameRules.Query);
        return given switch
        {
            [] => null,
            ["body", ..] => text is null ? null : OfText(settings, text, contentType, contentType ?? header?.Template.Text),
            ["json", ..] => OfJson(json ?? default, settings.PathOf("json"), errors, contentType ?? Unless(header, "application/json")),
            _ => OfForm(form, contentType ?? Unless(header, "application/x-www-form-urlencoded")),
        };
    }

    private static string? ReadContentType(SettingsReader settings, NamedTemplate? header)
    {
        var contentType = settings.Text("contentType");
        if (contentType is null)
        {
            return null;
        }

        if (header is not null)
        {
            settings.Refuse("contentType", "Stands among the headers already.");
        }

        if (contentType.Any(char.IsControl) || !MediaTypeHeaderValue.TryParse(contentType, out _))
        {
            settings.Refuse("contentType", "Must be a media type.");
            return null;
        }

        return contentType;
    }

    private static string? Unless(NamedTemplate? header, string contentType) => header is null ? contentType : null;

    // A text is a body like a caller's: what its content type says decides how fields are found and escaped.
    private static LoginBody? OfText(SettingsReader settings, string text, string? contentType, string? effectiveType)
    {
        var format = MergeBodyFormat.Parse(effectiveType, null, Encoding.UTF8.GetBytes(text));
        if (!format.IsOk)
        {
            settings.Refuse("contentType", format.Error.Detail);
            return null;
        }

        if (Encode(text, format.Value.Charset) is not { } bytes)
        {
            settings.Refuse("body", "Has a character that the charset of its content type lacks.");
            return null;
        }

        var parsed = MergeBody.Parse(bytes, format.Value);
        if (!parsed.IsOk)
        {
            settings.Refuse("body", parsed.Error.Detail);
            return null;
        }

        var body = parsed.Value;
        var path = settings.PathOf("body");
        return new LoginBody(contentType, [.. body.References.Select(reference => new PlacedReference(reference, path))], scope =>
        {
            var output = new ArrayBufferWriter<byte>(bytes.Length + 256);
            return body.Resolve(scope, output) is { } error ? error : output.WrittenSpan.ToArray();
        });
    }

    private static byte[]? Encode(string text, BodyCharset charset)
    {
        var encoding = charset switch
        {
            BodyCharset.Utf8 => Encoding.UTF8,
            BodyCharset.Ascii => Encoding.ASCII,
            BodyCharset.Latin1 => Encoding.Latin1,
            _ => throw new ArgumentOutOfRangeException(nameof(charset)),
        };
        var bytes = encoding.GetBytes(text);
        return encoding.GetString(bytes) == text ? bytes : null;
    }

    private static LoginBody OfForm(IReadOnlyList<PairTemplate> pairs, string? contentType) => new(
        contentType,
        [.. PlacedReference.Of(pairs)],
        scope =>
        {
            var parts = new List<string>(pairs.Count);
            foreach (var pair in pairs)
            {
                var part = pair.Resolve(scope, MergeEscaping.Form);
                if (!part.IsOk)
                {
                    return part.Error;
                }

                parts.Add(part.Value);
            }

            return Encoding.UTF8.GetBytes(string.Join('&', parts));
        });

    private static LoginBody OfJson(JsonElement json, string path, SettingsErrors errors, string? contentType)
    {
        var template = JsonTemplate.Compile(json, path, errors);
        return new LoginBody(contentType, template.References, scope =>
        {
            var output = new ArrayBufferWriter<byte>();
            using var writer = new Utf8JsonWriter(output);
            if (template.Write(writer, scope) is { } error)
            {
                return error;
            }

            writer.Flush();
            return output.WrittenSpan.ToArray();
        });
    }
}
