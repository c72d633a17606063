using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;

namespace Vault.Core.Storage.Codec;

/// <summary>
/// Gives one object for values that many definitions have in common: the host of a service, <c>default</c>, <c>{"protocol":"bearer"}</c>. Among 100,000
/// definitions that is a third of their memory. Remembers the last value for each of a thousand hashes, so that it can't grow; safe for any number of threads.
/// </summary>
internal sealed class SharedValues
{
    private const int Slots = 1024;

    private readonly string?[] _texts = new string?[Slots];
    private readonly Element?[] _elements = new Element?[Slots];
    private readonly MergeTemplate?[] _templates = new MergeTemplate?[Slots];
    private readonly AllowedHost[]?[] _hosts = new AllowedHost[]?[Slots];
    private readonly Names?[] _names = new Names?[Slots];

    /// <summary>The same text.</summary>
    public string Of(string text)
    {
        ref var slot = ref _texts[SlotOf(text)];
        var known = Volatile.Read(ref slot);
        if (known == text)
        {
            return known;
        }

        Volatile.Write(ref slot, text);
        return text;
    }

    /// <summary>The same JSON, letter by letter.</summary>
    public JsonElement Of(JsonElement element)
    {
        var text = element.GetRawText();
        ref var slot = ref _elements[SlotOf(text)];
        if (Volatile.Read(ref slot) is { } known && known.Text == text)
        {
            return known.Value;
        }

        Volatile.Write(ref slot, new Element(text, element));
        return element;
    }

    /// <summary>The template of a text, where it is remembered.</summary>
    public MergeTemplate? FindTemplate(string text) => Volatile.Read(ref _templates[SlotOf(text)]) is { } known && known.Text == text ? known : null;

    /// <summary>Remembers a template.</summary>
    public MergeTemplate Note(MergeTemplate template)
    {
        Volatile.Write(ref _templates[SlotOf(template.Text)], template);
        return template;
    }

    /// <summary>The same hosts in the same order.</summary>
    public AllowedHost[] Of(AllowedHost[] hosts)
    {
        if (hosts.Length == 0)
        {
            return [];
        }

        ref var slot = ref _hosts[SlotOf(hosts[0].Host)];
        if (Volatile.Read(ref slot) is { } known && known.AsSpan().SequenceEqual(hosts))
        {
            return known;
        }

        Volatile.Write(ref slot, hosts);
        return hosts;
    }

    /// <summary>What a text was read as before, or what <paramref name="read"/> makes of it.</summary>
    public ImmutableArray<string> Of(string text, Func<string, ImmutableArray<string>> read)
    {
        ref var slot = ref _names[SlotOf(text)];
        if (Volatile.Read(ref slot) is { } known && known.Text == text)
        {
            return known.Value;
        }

        var made = read(text);
        Volatile.Write(ref slot, new Names(text, made));
        return made;
    }

    private static int SlotOf(string text) => (int)((uint)text.GetHashCode(StringComparison.Ordinal) % Slots);

    private sealed record Element(string Text, JsonElement Value);

    private sealed record Names(string Text, ImmutableArray<string> Value);
}
