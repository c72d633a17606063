using System.Text;

namespace Vault.Fuzz;

/// <summary>Makes new inputs of old ones.</summary>
internal sealed class Mutator(SeededNumbers numbers, IReadOnlyList<string> words)
{
    /// <summary>No input gets longer.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly byte[] Telling = [0, 1, 0x0A, 0x0D, 0x20, 0x22, 0x25, 0x2F, 0x5C, 0x7F, 0x80, 0xC0, 0xE2, 0xED, 0xF0, 0xFF];
    private readonly byte[][] _words = [.. words.Select(Encoding.UTF8.GetBytes)];

    /// <summary>A mutation of <paramref name="parent"/>, or a splice of both.</summary>
    public byte[] Mutate(byte[] parent, byte[] other)
    {
        List<byte> bytes = [.. parent];
        for (var i = 1 + numbers.Below(6); i > 0; i--)
        {
            MutateOnce(bytes, other);
        }

        return bytes.Count <= MaxLength ? [.. bytes] : [.. bytes.Take(MaxLength)];
    }

    private void MutateOnce(List<byte> bytes, byte[] other)
    {
        var at = numbers.Below(bytes.Count + 1);
        var length = Math.Min(bytes.Count - at, 1 + numbers.Below(numbers.Below(4) == 0 ? 256 : 8));
        switch (numbers.Below(11))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << numbers.Below(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)numbers.Below(256);
                break;
            case 2 when at < bytes.Count:
                bytes[at] = Telling[numbers.Below(Telling.Length)];
                break;
            case 3:
                bytes.Insert(at, Telling[numbers.Below(Telling.Length)]);
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(numbers.Below(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 6 when length > 0:
                // Much of the same: what is linear stays quick.
                var piece = bytes.GetRange(at, length);
                for (var i = numbers.Below(200); i > 0 && bytes.Count < MaxLength; i--)
                {
                    bytes.InsertRange(at, piece);
                }

                break;
            case 7 when other.Length > 0:
                var from = numbers.Below(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(other.Length - from, 1 + numbers.Below(64))).ToArray());
                break;
            case 8 when other.Length > 0:
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.AsSpan(numbers.Below(other.Length)).ToArray());
                break;
            default:
                if (_words.Length > 0)
                {
                    bytes.InsertRange(at, _words[numbers.Below(_words.Length)]);
                }

                break;
        }
    }
}
