using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Secrets;

/// <summary>
/// Joins parts so that no two lists of parts give the same bytes: each is preceded by its length (32 bits, big-endian). Begun,
/// filled and ended by one thread in one go: <see cref="ToArray"/>, <see cref="Sha256"/> and <see cref="HmacSha256"/> end it.
/// </summary>
public sealed class LengthPrefixed
{
    private const int MostKept = 4096;

    // Nearly every message is a few hundred bytes, made on the way of a callout: the buffer of the last one serves the next.
    [ThreadStatic]
    private static LengthPrefixed? _spare;

    private byte[] _bytes = new byte[512];
    private int _length;

    private LengthPrefixed()
    {
    }

    /// <summary>Begins with a label.</summary>
    public static LengthPrefixed Begin(string label)
    {
        var begun = _spare ?? new LengthPrefixed();
        _spare = null;
        return begun.Add(label);
    }

    /// <summary>Adds bytes.</summary>
    public LengthPrefixed Add(ReadOnlySpan<byte> part)
    {
        part.CopyTo(Next(part.Length));
        return this;
    }

    /// <summary>Adds a text.</summary>
    public LengthPrefixed Add(string? part)
    {
        part ??= "\0null";
        Encoding.UTF8.GetBytes(part, Next(Encoding.UTF8.GetByteCount(part)));
        return this;
    }

    /// <summary>Adds a number.</summary>
    public LengthPrefixed Add(long part)
    {
        BinaryPrimitives.WriteInt64BigEndian(Next(8), part);
        return this;
    }

    /// <summary>Adds an id.</summary>
    public LengthPrefixed Add(Guid part)
    {
        part.TryWriteBytes(Next(16), bigEndian: true, out _);
        return this;
    }

    /// <summary>Adds a time, in ticks of UTC.</summary>
    public LengthPrefixed Add(DateTimeOffset? part) => part is { } time ? Add(time.UtcTicks) : Add((string?)null);

    /// <summary>Adds what a value's invariant text is, or that there is none.</summary>
    public LengthPrefixed AddText<T>(T? part)
        where T : struct, IUtf8SpanFormattable
    {
        if (part is not { } value)
        {
            return Add((string?)null);
        }

        Span<byte> text = stackalloc byte[64];
        return value.TryFormat(text, out var length, default, System.Globalization.CultureInfo.InvariantCulture)
            ? Add(text[..length])
            : throw new InvalidOperationException("A number of more than 64 characters.");
    }

    /// <summary>The joined bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = _bytes.AsSpan(0, _length).ToArray();
        End();
        return bytes;
    }

    /// <summary>Their SHA-256.</summary>
    public byte[] Sha256()
    {
        var hash = SHA256.HashData(_bytes.AsSpan(0, _length));
        End();
        return hash;
    }

    /// <summary>Their HMAC-SHA-256, into 32 bytes.</summary>
    /// <param name="hmac">Under a key; nothing was added to it.</param>
    /// <param name="mac">Where it goes.</param>
    public void HmacSha256(IncrementalHash hmac, Span<byte> mac)
    {
        hmac.AppendData(_bytes.AsSpan(0, _length));
        End();
        hmac.GetHashAndReset(mac);
    }

    private Span<byte> Next(int length)
    {
        var end = checked(_length + 4 + length);
        if (end > _bytes.Length)
        {
            var grown = new byte[Math.Max(end, _bytes.Length * 2)];
            _bytes.AsSpan(0, _length).CopyTo(grown);
            CryptographicOperations.ZeroMemory(_bytes);
            _bytes = grown;
        }

        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_length), length);
        var next = _bytes.AsSpan(_length + 4, length);
        _length = end;
        return next;
    }

    // A part may have been a secret.
    private void End()
    {
        CryptographicOperations.ZeroMemory(_bytes.AsSpan(0, _length));
        _length = 0;
        if (_bytes.Length <= MostKept)
        {
            _spare = this;
        }
    }
}
