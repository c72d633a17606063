using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary>Finds places in JSON that the serializer doesn't name: within what is kept as JSON, it knows only where that begins.</summary>
internal static partial class JsonPlaces
{
    private const int MaxDepth = 64;
    private const int MostExponentDigits = 9;

    private delegate bool Predicate(ref Utf8JsonReader reader, bool isTwice);

    /// <summary>The path of the first property that stands twice in its object; null where none does.</summary>
    public static string? FindDuplicate(ReadOnlySpan<byte> json) => Find(json, static (ref reader, isTwice) => isTwice);

    /// <summary>The path of the first number whose exponent has more than nine digits, which can't be compared with others; null where there is none.</summary>
    public static string? FindHugeNumber(ReadOnlySpan<byte> json) => Find(json, static (ref reader, _) =>
        reader.TokenType is JsonTokenType.Number && reader.ValueSpan.IndexOfAny((byte)'e', (byte)'E') is >= 0 and var at
        && reader.ValueSpan[(at + 1)..].TrimStart("+-0"u8).Length > MostExponentDigits);

    private static string? Find(ReadOnlySpan<byte> json, Predicate isIt)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        var open = new Stack<Container>();
        try
        {
            while (reader.Read())
            {
                var isTwice = false;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        var name = reader.GetString() ?? "";
                        var parent = open.Peek();
                        parent.Name = name;
                        isTwice = !parent.Names!.Add(name);
                        break;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        Enter(open);
                        open.Push(new Container(reader.TokenType is JsonTokenType.StartObject ? new(StringComparer.Ordinal) : null));
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        open.Pop();
                        break;
                    default:
                        Enter(open);
                        break;
                }

                if (isIt(ref reader, isTwice))
                {
                    return PathOf(open);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What isn't JSON, or not Unicode, is said by whoever reads it.
        }

        return null;
    }

    /// <summary>A path of the serializer's, as the vault writes them: it sets other names in brackets, and escapes none.</summary>
    public static string OfSerializer(string? path) => Segments().Matches(path ?? "").Aggregate(
        "$", static (place, segment) => segment.Groups["name"] is { Success: true } name ? JsonPlace.Below(place, name.Value) : place + segment.Value);

    private static void Enter(Stack<Container> open)
    {
        if (open.TryPeek(out var parent) && parent.Names is null)
        {
            parent.Index++;
        }
    }

    private static string PathOf(Stack<Container> open) => open.Reverse().Aggregate(
        "$", static (place, container) => container.Names is null ? $"{place}[{container.Index}]" : JsonPlace.Below(place, container.Name));

    [GeneratedRegex(@"\.(?<name>[^.\[]*)|\['(?<name>.*?)'\](?=[.\[]|\z)|\[[0-9]+\]", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Segments();

    private sealed class Container(HashSet<string>? names)
    {
        /// <summary>Of an object; null: it is an array.</summary>
        public HashSet<string>? Names => names;

        public string Name { get; set; } = "";

        public int Index { get; set; } = -1;
    }
}
