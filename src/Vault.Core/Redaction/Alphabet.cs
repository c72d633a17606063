using System.Collections.Concurrent;
using System.Text;

namespace Vault.Core.Redaction;

/// <summary>The trees of characters, kept for the process: they hold no secret, only what ASCII and base64 look like.</summary>
internal static class Alphabet
{
    private const string Base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private static readonly ConcurrentDictionary<int, EncodingNode> Characters = new();
    private static readonly ConcurrentDictionary<(int Mask, int Bits), EncodingNode> Sextets = new();
    private static readonly ConcurrentDictionary<int, EncodingNode> Nibbles = new();

    /// <summary>The <c>=</c> after base64.</summary>
    public static EncodingNode Padding { get; } = OfCharacter((byte)'=');

    /// <summary>A character in any form. Only ASCII is kept, so that the store can't grow.</summary>
    public static EncodingNode Character(Rune rune) =>
        rune.IsAscii ? Characters.GetOrAdd(rune.Value, static value => Build(new Rune(value))) : Build(rune);

    /// <summary>A byte that isn't part of valid UTF-8.</summary>
    public static EncodingNode Byte(byte value)
    {
        var node = new EncodingNode();
        node.AddUrl([value]);
        return node;
    }

    /// <summary>Every base64 or base64url character whose bits under the mask are these.</summary>
    public static EncodingNode Sextet(int mask, int bits) => Sextets.GetOrAdd((mask, bits & mask), static key =>
    {
        var node = new EncodingNode();
        for (var value = 0; value < 64; value++)
        {
            if ((value & key.Mask) == key.Bits)
            {
                Add(node, (byte)Base64[value]);
                if (value >= 62)
                {
                    Add(node, value == 62 ? (byte)'-' : (byte)'_');
                }
            }
        }

        return node;
    });

    /// <summary>A hexadecimal digit of either case.</summary>
    public static EncodingNode Nibble(int nibble) => Nibbles.GetOrAdd(nibble & 15, static value =>
    {
        var node = new EncodingNode();
        node.AddRaw([(byte)"0123456789abcdef"[value]]);
        node.AddRaw([(byte)"0123456789ABCDEF"[value]]);
        return node;
    });

    private static EncodingNode OfCharacter(byte value)
    {
        var node = new EncodingNode();
        Add(node, value);
        return node;
    }

    // The three characters that other formats escape are found escaped too: a base64 text stands in JSON or a URL itself.
    private static void Add(EncodingNode node, byte value)
    {
        node.AddRaw([value]);
        if (value is (byte)'+' or (byte)'/' or (byte)'=')
        {
            node.AddUrl([value]);
            node.AddEscapes(new Rune((char)value));
        }
    }

    private static EncodingNode Build(Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var node = new EncodingNode();
        node.AddUrl(utf8[..rune.EncodeToUtf8(utf8)]);
        node.AddEscapes(rune);
        return node;
    }
}
