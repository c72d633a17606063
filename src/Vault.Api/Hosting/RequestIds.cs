using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Vault.Api.Hosting;

/// <summary>Ids of requests: UUIDs of version 7 (RFC 9562 section 5.7) as 32 hex digits, so that later ones sort, and are indexed, after earlier ones.</summary>
internal static class RequestIds
{
    private const int Each = 10;
    private const int Ahead = 64 * Each;

    // To ask the kernel for each would cost every request about a microsecond.
    [ThreadStatic]
    private static byte[]? _random;

    [ThreadStatic]
    private static int _used;

    /// <summary>A new one.</summary>
    public static string Next(TimeProvider time)
    {
        if (_random is null || _used == Ahead)
        {
            RandomNumberGenerator.Fill(_random ??= new byte[Ahead]);
            _used = 0;
        }

        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        _random.AsSpan(_used, Each).CopyTo(id[6..]);
        _used += Each;
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(id);
    }
}
