using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Vault.Cli.Documents;

/// <summary>Writes definitions as YAML that people like to read and the reader takes back unchanged.</summary>
internal static class DefinitionsYaml
{
    /// <summary>The JSON form of the model: camelCase, without what is left out.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.General)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Writes a document.</summary>
    public static void Write(DefinitionsDocument document, TextWriter writer) => Write(JsonSerializer.SerializeToNode(document, Json), writer);

    /// <summary>Writes any JSON as YAML.</summary>
    public static void Write(JsonNode? node, TextWriter writer)
    {
        var emitter = new Emitter(writer, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024, indentSequences: true, newLine: "\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(node, emitter);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Emit(JsonNode? node, Emitter emitter)
    {
        switch (node)
        {
            case JsonObject mapping:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, mapping.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in mapping)
                {
                    emitter.Emit(Text(name));
                    Emit(value, emitter);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray sequence:
                var isShort = sequence.All(item => item is not (JsonObject or JsonArray)) && sequence.Sum(item => item?.ToString().Length ?? 4) < 80;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, isShort ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in sequence)
                {
                    Emit(item, emitter);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() is JsonValueKind.String:
                emitter.Emit(Text(value.GetValue<string>()));
                break;
            case null:
                emitter.Emit(Plain("null"));
                break;
            default:
                emitter.Emit(Plain(node.ToJsonString()));
                break;
        }
    }

    private static Scalar Plain(string text) => new(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Plain, isPlainImplicit: true, isQuotedImplicit: false);

    // Texts of several lines as they are; one that would read as something else, or holds what other readers take for a line break, in quotes.
    // The emitter itself sees to quotes that YAML's own signs demand.
    private static Scalar Text(string text)
    {
        var isOdd = text.Any(character => (char.IsControl(character) && character is not '\n') || character is '\u2028' or '\u2029' or '\ufeff');
        var style = isOdd ? ScalarStyle.DoubleQuoted
            : text.Contains('\n', StringComparison.Ordinal) ? char.IsWhiteSpace(text[0]) ? ScalarStyle.DoubleQuoted : ScalarStyle.Literal
            : YamlScalars.IsText(text) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted;
        return new Scalar(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true);
    }
}

/// <summary>What a plain YAML scalar means (YAML 1.2, core schema).</summary>
internal static partial class YamlScalars
{
    /// <summary>Whether it is a text, and nothing else, also to readers of YAML 1.1, whose numbers, dates and signs begin as no word does.</summary>
    public static bool IsText(string text) => ToJson(text) is JsonValue value && value.GetValueKind() is JsonValueKind.String
        && text.Length > 0 && !char.IsAsciiDigit(text[0]) && text[0] is not ('+' or '-' or '.' or '=' or '<')
        && text.ToUpperInvariant() is not ("YES" or "NO" or "ON" or "OFF" or "Y" or "N");

    /// <summary>Its value; null is null. A number keeps its digits, which no type of .NET holds all of.</summary>
    public static JsonNode? ToJson(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ when Number().Match(text) is { Success: true } match => NumberOf(match.Groups),
        _ => text,
    };

    /// <summary>Whether it is a number of an exponent that numbers of JSON aren't compared by: more than nine digits.</summary>
    public static bool IsTooLarge(string text) =>
        Number().Match(text) is { Success: true } match && match.Groups["exponent"].Value.AsSpan().TrimStart("eE+-").TrimStart('0').Length > 9;

    // As JSON writes it: no plus, no zeros in front, digits on both sides of the point.
    private static JsonNode? NumberOf(GroupCollection parts)
    {
        var (whole, fraction) = (parts["whole"].Value.TrimStart('0'), parts["fraction"].Value);
        return JsonNode.Parse($"{parts["minus"].Value}{(whole.Length == 0 ? "0" : whole)}{(fraction.Length == 0 ? "" : "." + fraction)}{parts["exponent"].Value}");
    }

    [GeneratedRegex(@"\A(\+|(?<minus>-))?((?<whole>[0-9]+)(\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();
}
