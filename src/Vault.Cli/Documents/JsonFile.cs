using System.Text;
using System.Text.Json;
using Vault.Cli.Terminals;

namespace Vault.Cli.Documents;

/// <summary>Reads JSON into nodes that know where they stand. YAML readers take most of it, but not its tabs.</summary>
internal static class JsonFile
{
    private const int MostNodes = 2_000_000;
    private const int Deepest = 100;

    /// <summary>What a file holds.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="file">What it is called, for messages.</param>
    /// <exception cref="CommandFailure">It isn't JSON, with line and column.</exception>
    public static DocumentNode Read(string text, string file)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Deepest, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var places = new Places(file);
        try
        {
            reader.Read();
            var node = ReadNode(ref reader, utf8, places);
            return reader.Read() ? throw Wrong(places.Of(utf8, reader.TokenStartIndex), "There is something behind the end.") : node;
        }
        catch (JsonException fault)
        {
            // The serializer's own message quotes what stands there, which may be a secret.
            var reason = fault.Message.Contains("maximum", StringComparison.OrdinalIgnoreCase) ? $"It is nested more than {Deepest} deep." : "Is not well-formed JSON from here on.";
            throw Wrong(new Place(file, (int)(fault.LineNumber ?? 0) + 1, (int)(fault.BytePositionInLine ?? 0) + 1), reason);
        }
        catch (InvalidOperationException)
        {
            throw Wrong(places.Of(utf8, reader.TokenStartIndex), "Is a text that is not Unicode.");
        }
    }

    private static DocumentNode ReadNode(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, Places places)
    {
        var at = places.Of(utf8, reader.TokenStartIndex);
        if (++places.Nodes > MostNodes)
        {
            throw Wrong(at, $"There is too much of it: more than {MostNodes} values.");
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadMapping(ref reader, utf8, places, at);
            case JsonTokenType.StartArray:
                var items = new List<DocumentNode>();
                while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
                {
                    items.Add(ReadNode(ref reader, utf8, places));
                }

                return new SequenceNode(at, items);
            case JsonTokenType.String:
                return new ScalarNode(at, reader.GetString() ?? "", IsPlain: false);
            default:
                return new ScalarNode(at, Encoding.UTF8.GetString(reader.ValueSpan), IsPlain: true);
        }
    }

    private static MappingNode ReadMapping(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, Places places, Place at)
    {
        var entries = new List<DocumentEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var (place, name) = (places.Of(utf8, reader.TokenStartIndex), reader.GetString() ?? "");
            if (!names.Add(name))
            {
                throw Wrong(place, $"{Shortened(name)} stands here twice.");
            }

            reader.Read();
            entries.Add(new DocumentEntry(place, name, ReadNode(ref reader, utf8, places)));
        }

        return new MappingNode(at, entries);
    }

    private static string Shortened(string name) => name.Length > 80 ? name[..80] + "…" : name;

    private static CommandFailure Wrong(Place at, string message) => CommandFailure.Usage($"{at}: {SafeText.Of(message)}");

    // Offsets only grow, so lines are counted once.
    private sealed class Places(string file)
    {
        private int _offset;
        private int _line = 1;
        private int _column = 1;

        public int Nodes { get; set; }

        public Place Of(ReadOnlySpan<byte> utf8, long offset)
        {
            for (; _offset < offset; _offset++)
            {
                if (utf8[_offset] == '\n')
                {
                    (_line, _column) = (_line + 1, 1);
                }
                else if ((utf8[_offset] & 0xC0) != 0x80)
                {
                    _column++;
                }
            }

            return new Place(file, _line, _column);
        }
    }
}
