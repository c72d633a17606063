using System.Buffers;
using System.Text;

namespace Vault.Core.Redaction;

/// <summary>
/// One form of one secret: a row of characters, each in any of its encodings. It may begin at the first
/// <see cref="StartFrom"/>+1 places and is found from <see cref="AcceptFrom"/> characters on. Characters are looked up as
/// they are needed: a set of long tokens is made for many a callout, and most answers hold none of them.
/// </summary>
internal sealed class EchoPattern
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Func<int, int> _keys;

    private EchoPattern(int length, Func<int, int> keys, int startFrom = 0, int? acceptFrom = null)
    {
        Length = length;
        StartFrom = startFrom;
        AcceptFrom = acceptFrom ?? length;
        _keys = keys;
    }

    /// <summary>How many characters it has.</summary>
    public int Length { get; }

    /// <summary>The last place at which it may begin.</summary>
    public int StartFrom { get; }

    /// <summary>How many characters are enough.</summary>
    public int AcceptFrom { get; }

    /// <summary>The encodings of a character.</summary>
    public EncodingNode this[int index] => Alphabet.Of(_keys(index));

    /// <summary>What stands for the encodings of a character: where it is the same, they are.</summary>
    public int Key(int index) => _keys(index);

    /// <summary>All forms of a secret. They hold it once: thousands of tokens may be searched for.</summary>
    public static IEnumerable<EchoPattern> Of(byte[] secret)
    {
        var isHex = secret.AsSpan().IndexOfAnyExcept(HexText) < 0;
        yield return isHex ? new EchoPattern(secret.Length, index => Alphabet.LetterKey(secret[index]))
            : Ascii.IsValid(secret) ? new EchoPattern(secret.Length, index => Alphabet.CharacterKey(secret[index]))
            : OfText(Text(secret));
        yield return new EchoPattern(2 * secret.Length, index => Alphabet.NibbleKey(secret[index / 2] >> (index % 2 == 0 ? 4 : 0)));
        for (var before = 0; before < 3; before++)
        {
            yield return Base64(secret, before);
        }

        if (Ascii.IsValid(secret))
        {
            yield return new EchoPattern((2 * secret.Length) - 1, index => Alphabet.RawKey(index % 2 == 0 ? secret[index / 2] : (byte)0));
            yield break;
        }

        foreach (var wide in Utf16(secret))
        {
            yield return new EchoPattern(wide.Length, index => Alphabet.RawKey(wide[index]));
        }
    }

    private static EchoPattern OfText(int[] text) =>
        new(text.Length, index => text[index] is < 0 and var other ? Alphabet.ByteKey((byte)~other) : Alphabet.CharacterKey(text[index]));

    // Its characters; of what is no UTF-8 the complement of each byte.
    private static int[] Text(ReadOnlySpan<byte> secret)
    {
        List<int> text = new(secret.Length);
        while (!secret.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(secret, out var rune, out var length) == OperationStatus.Done;
            text.Add(valid ? rune.Value : ~secret[0]);
            secret = secret[(valid ? length : 1)..];
        }

        return [.. text];
    }

    private static readonly SearchValues<byte> HexText = SearchValues.Create("0123456789abcdefABCDEF-"u8);

    // Text in Latin-1 is the same in both byte orders, but for where its zeros begin: what is common to both is looked for.
    private static IEnumerable<byte[]> Utf16(byte[] secret)
    {
        string text;
        try
        {
            text = Strict.GetString(secret);
        }
        catch (DecoderFallbackException)
        {
            yield break;
        }

        var wide = Encoding.Unicode.GetBytes(text);
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\xFF') < 0)
        {
            yield return wide[..^1];
            yield break;
        }

        yield return wide;
        yield return Encoding.BigEndianUnicode.GetBytes(text);
    }

    // The secret stands after `before` unknown bytes of a group of three. Characters with bits of it on both sides of its
    // edges are looked for by those bits alone; they may be missing, where a text was cut.
    private static EchoPattern Base64(byte[] secret, int before)
    {
        var firstBit = before * 8;
        var endBit = firstBit + (secret.Length * 8);
        var first = firstBit / 6;
        var sextets = ((endBit + 5) / 6) - first;
        var padding = (3 - (endBit / 8 % 3)) % 3;
        return new EchoPattern(sextets + padding, Key, firstBit % 6 == 0 ? 0 : 1, (endBit / 6) - first);

        int Key(int index)
        {
            if (index >= sextets)
            {
                return Alphabet.PaddingKey;
            }

            var (mask, bits) = (0, 0);
            for (var i = 0; i < 6; i++)
            {
                var position = ((first + index) * 6) + i - firstBit;
                var known = position >= 0 && position < secret.Length * 8;
                mask = (mask << 1) | (known ? 1 : 0);
                bits = (bits << 1) | (known ? (secret[position / 8] >> (7 - (position % 8))) & 1 : 0);
            }

            return Alphabet.SextetKey(mask, bits);
        }
    }
}
