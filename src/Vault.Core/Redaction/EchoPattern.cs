using System.Text;

namespace Vault.Core.Redaction;

/// <summary>
/// One form of one secret: a row of characters, each in any of its encodings. It may begin at the first
/// <see cref="StartFrom"/>+1 places and is found from <see cref="AcceptFrom"/> characters on.
/// </summary>
internal sealed record EchoPattern(EncodingNode[] Nodes, int StartFrom, int AcceptFrom)
{
    /// <summary>All forms of a secret.</summary>
    public static IEnumerable<EchoPattern> Of(byte[] secret)
    {
        yield return Whole(Text(secret));
        yield return Whole([.. secret.SelectMany(b => new[] { Alphabet.Nibble(b >> 4), Alphabet.Nibble(b) })]);
        for (var before = 0; before < 3; before++)
        {
            yield return Base64(secret, before);
        }
    }

    private static EchoPattern Whole(EncodingNode[] nodes) => new(nodes, 0, nodes.Length);

    private static EncodingNode[] Text(ReadOnlySpan<byte> secret)
    {
        List<EncodingNode> nodes = [];
        while (!secret.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(secret, out var rune, out var length) == System.Buffers.OperationStatus.Done;
            nodes.Add(valid ? Alphabet.Character(rune) : Alphabet.Byte(secret[0]));
            secret = secret[(valid ? length : 1)..];
        }

        return [.. nodes];
    }

    // The secret stands after `before` unknown bytes of a group of three. Characters with bits of it on both sides of its
    // edges are looked for by those bits alone; they may be missing, where a text was cut.
    private static EchoPattern Base64(byte[] secret, int before)
    {
        List<EncodingNode> nodes = [];
        var firstBit = before * 8;
        var endBit = firstBit + (secret.Length * 8);
        var acceptFrom = 0;
        for (var bit = firstBit / 6 * 6; bit < endBit; bit += 6)
        {
            var (mask, bits) = (0, 0);
            for (var i = 0; i < 6; i++)
            {
                var position = bit + i - firstBit;
                var known = position >= 0 && position < secret.Length * 8;
                mask = (mask << 1) | (known ? 1 : 0);
                bits = (bits << 1) | (known ? (secret[position / 8] >> (7 - (position % 8))) & 1 : 0);
            }

            nodes.Add(Alphabet.Sextet(mask, bits));
            acceptFrom = bit + 6 <= endBit ? nodes.Count : acceptFrom;
        }

        for (var i = endBit / 8 % 3; i is 1 or 2; i++)
        {
            nodes.Add(Alphabet.Padding);
        }

        return new EchoPattern([.. nodes], firstBit % 6 == 0 ? 0 : 1, acceptFrom);
    }
}
