using System.Text.Json;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>
/// Reads one JSON object strictly: each property is asked for by name, and <see cref="Complete"/> refuses those that nobody
/// asked for. A null counts as left out. Mistakes are collected, never thrown.
/// </summary>
internal sealed class SettingsReader
{
    /// <summary>Where the settings of a protocol stand in a request.</summary>
    public const string RootPath = "$.authentication";

    private readonly Dictionary<string, JsonElement> _unread = new(StringComparer.Ordinal);
    private readonly SettingsErrors _errors;

    private SettingsReader(JsonElement element, string path, SettingsErrors errors)
    {
        Path = path;
        _errors = errors;
        foreach (var property in element.EnumerateObject())
        {
            if (!_unread.TryAdd(property.Name, property.Value))
            {
                errors.Add(PathOf(property.Name), "Stands here twice.");
            }
        }
    }

    /// <summary>The JSON path of the object.</summary>
    public string Path { get; }

    /// <summary>Reads the <c>authentication</c> object; its <c>protocol</c> was read by whoever chose the protocol.</summary>
    public static SettingsReader Root(JsonElement authentication, SettingsErrors errors)
    {
        var reader = new SettingsReader(authentication, RootPath, errors);
        reader._unread.Remove("protocol");
        return reader;
    }

    /// <summary>Reads an object that stands in an array.</summary>
    public static SettingsReader At(JsonElement element, string path, SettingsErrors errors) => new(element, path, errors);

    /// <summary>The JSON path of a property.</summary>
    public string PathOf(string property) => JsonPlace.Below(Path, property);

    /// <summary>Adds a mistake at a property.</summary>
    public void Refuse(string property, string message) => _errors.Add(PathOf(property), message);

    /// <summary>Whether the property is there and not yet read.</summary>
    public bool Has(string property) => _unread.TryGetValue(property, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The property as it stands, or null.</summary>
    public JsonElement? Any(string property) =>
        _unread.Remove(property, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text, or null where it is absent or refused.</summary>
    public string? Text(string property, bool required = false)
    {
        var value = Of(property, JsonValueKind.String, "Must be a string.", required)?.GetString();
        if (required && value is { Length: 0 })
        {
            Refuse(property, "Must not be empty.");
            return null;
        }

        return value;
    }

    /// <summary>A whole number within bounds, or null.</summary>
    public long? Integer(string property, long min, long max)
    {
        if (Any(property) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Refuse(property, $"Must be a whole number from {min} to {max}.");
        return null;
    }

    /// <summary>A template, or null.</summary>
    public MergeTemplate? Template(string property, bool required = false)
    {
        var text = Text(property, required);
        return text is null ? null : Compile(PathOf(property), text);
    }

    /// <summary>An object, or null.</summary>
    public SettingsReader? Object(string property, bool required = false) =>
        Of(property, JsonValueKind.Object, "Must be an object.", required) is { } value
            ? new SettingsReader(value, PathOf(property), _errors)
            : null;

    /// <summary>The elements of an array with their paths; none where it is absent or refused.</summary>
    public IReadOnlyList<(JsonElement Element, string Path)> Array(string property, bool required = false) =>
        Of(property, JsonValueKind.Array, "Must be an array.", required) is { } value
            ? [.. value.EnumerateArray().Select((element, index) => (element, $"{PathOf(property)}[{index}]"))]
            : [];

    /// <summary>The objects of an array.</summary>
    public IReadOnlyList<SettingsReader> Objects(string property, bool required = false)
    {
        var readers = new List<SettingsReader>();
        foreach (var (element, path) in Array(property, required))
        {
            if (element.ValueKind == JsonValueKind.Object)
            {
                readers.Add(new SettingsReader(element, path, _errors));
            }
            else
            {
                _errors.Add(path, "Must be an object.");
            }
        }

        return readers;
    }

    /// <summary>The texts of all properties of an object whose property names are free, such as header names.</summary>
    /// <param name="property">The object.</param>
    /// <param name="nameMistake">What is wrong with a name, or null.</param>
    public IReadOnlyList<NamedText> Texts(string property, Func<string, string?> nameMistake)
    {
        if (Object(property) is not { } map)
        {
            return [];
        }

        var texts = new List<NamedText>();
        foreach (var name in map._unread.Keys.ToArray())
        {
            if (nameMistake(name) is { } mistake)
            {
                map.Refuse(name, mistake);
                map._unread.Remove(name);
            }
            else if (map.Of(name, JsonValueKind.String, "Must be a string.", required: true) is { } value)
            {
                texts.Add(new NamedText(name, value.GetString() ?? "", map.PathOf(name)));
            }
        }

        return texts;
    }

    /// <summary>Like <see cref="Texts"/>, compiled.</summary>
    public IReadOnlyList<NamedTemplate> Templates(string property, Func<string, string?> nameMistake)
    {
        var templates = new List<NamedTemplate>();
        foreach (var text in Texts(property, nameMistake))
        {
            if (Compile(text.Path, text.Text) is { } template)
            {
                templates.Add(new NamedTemplate(text.Name, template, text.Path));
            }
        }

        return templates;
    }

    /// <summary>Like <see cref="Templates"/>, the names compiled too.</summary>
    public IReadOnlyList<PairTemplate> Pairs(string property, Func<string, string?> nameMistake)
    {
        var pairs = new List<PairTemplate>();
        foreach (var (name, value, path) in Templates(property, nameMistake))
        {
            if (Compile(path, name) is { } template)
            {
                pairs.Add(new PairTemplate(template, value, path));
            }
        }

        return pairs;
    }

    /// <summary>Refuses what was not asked for.</summary>
    public void Complete()
    {
        foreach (var name in _unread.Keys)
        {
            Refuse(name, "Unknown property.");
        }

        _unread.Clear();
    }

    private MergeTemplate? Compile(string path, string text)
    {
        var template = MergeTemplate.Parse(text);
        if (!template.IsOk)
        {
            _errors.Add(path, template.Error.Detail);
        }

        return template.Value;
    }

    private JsonElement? Of(string property, JsonValueKind kind, string message, bool required)
    {
        if (Any(property) is not { } value)
        {
            if (required)
            {
                Refuse(property, "Is required.");
            }

            return null;
        }

        if (value.ValueKind == kind)
        {
            return value;
        }

        Refuse(property, message);
        return null;
    }
}
