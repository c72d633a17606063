using System.Text;

namespace Vault.Core.Redaction;

/// <summary>
/// The trees of characters, kept for the process: they hold no secret, only what ASCII, hex and base64 look like, and some of the other
/// characters that there are.
/// </summary>
internal static class Alphabet
{
    private const string Base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private static readonly EncodingNode[] Characters = [.. Enumerable.Range(0, 128).Select(value => Build(new Rune(value)))];
    private static readonly EncodingNode[] Letters = [.. Enumerable.Range(0, 128).Select(value => BuildLetter((char)value))];
    private static readonly EncodingNode[] RawBytes = [.. Enumerable.Range(0, 256).Select(value => BuildRaw((byte)value))];
    private static readonly EncodingNode[] Nibbles = [.. "0123456789abcdef".Select(digit => BuildRaw((byte)digit, (byte)char.ToUpperInvariant(digit)))];
    private static readonly EncodingNode?[] Sextets = new EncodingNode?[64 * 64];
    private static readonly EncodingNode[] Bytes = [.. Enumerable.Range(0, 256).Select(value => BuildByte((byte)value))];
    private static readonly Other?[] Others = new Other?[4096];

    private static readonly EncodingNode Padding = BuildSextet((byte)'=');

    /// <summary>The <c>=</c> after base64.</summary>
    public static int PaddingKey => Key(Kind.Padding, 0);

    /// <summary>A character in any form.</summary>
    public static int CharacterKey(int rune) => Key(Kind.Character, rune);

    /// <summary>An ASCII character in any form, a letter in either case: what is hex already is often printed in the other one.</summary>
    public static int LetterKey(byte ascii) => Key(Kind.Letter, ascii);

    /// <summary>A byte that isn't part of valid UTF-8.</summary>
    public static int ByteKey(byte value) => Key(Kind.Byte, value);

    /// <summary>A byte as it is, and nothing else.</summary>
    public static int RawKey(byte value) => Key(Kind.Raw, value);

    /// <summary>A hexadecimal digit of either case.</summary>
    public static int NibbleKey(int nibble) => Key(Kind.Nibble, nibble & 15);

    /// <summary>Every base64 or base64url character whose bits under the mask are these.</summary>
    public static int SextetKey(int mask, int bits) => Key(Kind.Sextet, (mask << 6) | (bits & mask));

    /// <summary>The tree of a key.</summary>
    public static EncodingNode Of(int key)
    {
        var value = key & 0xFFFFFF;
        return (Kind)(key >> 24) switch
        {
            Kind.Character => Character(new Rune(value)),
            Kind.Letter => Letters[value],
            Kind.Byte => Bytes[value],
            Kind.Raw => RawBytes[value],
            Kind.Nibble => Nibbles[value],
            Kind.Sextet => Sextet(value >> 6, value & 63),
            _ => Padding,
        };
    }

    private static int Key(Kind kind, int value) => ((int)kind << 24) | value;

    // A tree takes kilobytes, so that of what isn't ASCII only so many are kept, each until another one wants its place:
    // the same character may have another tree the next time.
    private static EncodingNode Character(Rune rune)
    {
        if (rune.IsAscii)
        {
            return Characters[rune.Value];
        }

        ref var place = ref Others[rune.Value % Others.Length];
        if (Volatile.Read(ref place) is { } kept && kept.Rune == rune)
        {
            return kept.Node;
        }

        var made = new Other(rune, Build(rune));
        Volatile.Write(ref place, made);
        return made.Node;
    }

    private static EncodingNode Sextet(int mask, int bits)
    {
        ref var kept = ref Sextets[(mask << 6) | bits];
        return kept ?? Interlocked.CompareExchange(ref kept, BuildSextet(mask, bits), null) ?? kept;
    }

    private static EncodingNode BuildSextet(int mask, int bits)
    {
        var node = new EncodingNode();
        for (var value = 0; value < 64; value++)
        {
            if ((value & mask) == bits)
            {
                AddSextet(node, (byte)Base64[value]);
                if (value >= 62)
                {
                    AddSextet(node, value == 62 ? (byte)'-' : (byte)'_');
                }
            }
        }

        return node;
    }

    private static EncodingNode BuildSextet(byte value)
    {
        var node = new EncodingNode();
        AddSextet(node, value);
        return node;
    }

    // The three characters that other formats escape are found escaped too: a base64 text stands in JSON or a URL itself.
    private static void AddSextet(EncodingNode node, byte value)
    {
        node.AddRaw([value]);
        if (value is (byte)'+' or (byte)'/' or (byte)'=')
        {
            node.AddUrl([value]);
            node.AddEscapes(new Rune((char)value));
        }
    }

    private static EncodingNode BuildByte(byte value)
    {
        var node = new EncodingNode();
        node.AddUrl([value]);
        return node;
    }

    private static EncodingNode BuildRaw(params ReadOnlySpan<byte> values)
    {
        var node = new EncodingNode();
        foreach (var value in values)
        {
            node.AddRaw([value]);
        }

        return node;
    }

    private static EncodingNode BuildLetter(char ascii)
    {
        var node = Build(new Rune(char.ToLowerInvariant(ascii)));
        Add(node, new Rune(char.ToUpperInvariant(ascii)));
        return node;
    }

    private static EncodingNode Build(Rune rune)
    {
        var node = new EncodingNode();
        Add(node, rune);
        return node;
    }

    private static void Add(EncodingNode node, Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        node.AddUrl(utf8[..rune.EncodeToUtf8(utf8)]);
        node.AddEscapes(rune);
    }

    private enum Kind
    {
        Character,
        Letter,
        Byte,
        Raw,
        Nibble,
        Sextet,
        Padding,
    }

    private sealed record Other(Rune Rune, EncodingNode Node);
}
