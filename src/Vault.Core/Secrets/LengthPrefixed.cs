using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Vault.Core.Secrets;

/// <summary>Joins parts so that no two lists of parts give the same bytes: each is preceded by its length (32 bits, big-endian).</summary>
public sealed class LengthPrefixed
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Begins with a label.</summary>
    public LengthPrefixed(string label) => Add(label);

    /// <summary>Adds bytes.</summary>
    public LengthPrefixed Add(ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        _bytes.Write(length);
        _bytes.Write(part);
        return this;
    }

    /// <summary>Adds a text.</summary>
    public LengthPrefixed Add(string? part) =>
        part is null ? Add("\0null") : Add(Encoding.UTF8.GetBytes(part));

    /// <summary>Adds a number.</summary>
    public LengthPrefixed Add(long part)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, part);
        return Add(bytes);
    }

    /// <summary>Adds an id.</summary>
    public LengthPrefixed Add(Guid part) => Add(part.ToByteArray(bigEndian: true));

    /// <summary>Adds a time, in ticks of UTC.</summary>
    public LengthPrefixed Add(DateTimeOffset? part) => part is { } time ? Add(time.UtcTicks) : Add((string?)null);

    /// <summary>The joined bytes.</summary>
    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
