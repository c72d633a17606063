using System.Net;
using System.Net.Sockets;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>
/// How often somebody may try a wrong key or token, per address and per key id, and how many refusals get an audit record of
/// their own. Only failures are counted and only failures are refused: a right key is let in whatever was counted, so that
/// nobody can lock its owner out.
/// </summary>
/// <remarks>
/// Counts stand in a table of a fixed size, found by a hash that is seeded anew by each process: memory doesn't grow with the
/// number of attackers. Two that share a place share a limit, which is felt by those alone who fail.
/// </remarks>
public sealed class SignInLimits(TimeProvider time)
{
    /// <summary>So many failures at once, and again within <see cref="Period"/>.</summary>
    public const int Permits = 100;

    private const int Places = 1 << 16;
    private const int RecordsOfAll = 1_000;

    /// <summary>How long it takes until all failures are forgiven.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private static readonly EvenRate Failures = new(Permits, Period);
    private static readonly EvenRate AllRecords = new(RecordsOfAll, Period);
    private readonly long[] _fullAt = new long[Places];
    private readonly long _start = time.GetTimestamp();
    private long _allRecordsFullAt;

    private enum Kind
    {
        Address,
        KeyId,
        Record,
    }

    /// <summary>Counts a wrong key or token; how long to wait where it was one too many.</summary>
    /// <param name="address">Of the connection, never of a header.</param>
    /// <param name="keyId">The public part of the key; null: a token.</param>
    public TimeSpan? Failed(IPAddress? address, string? keyId)
    {
        var now = time.GetElapsedTime(_start).Ticks;
        var byAddress = Failures.Take(ref Place(Kind.Address, Origin(address)), now);
        var byKey = keyId is null ? null : Failures.Take(ref Place(Kind.KeyId, keyId), now);
        return byAddress is null || byKey > byAddress ? byKey : byAddress;
    }

    /// <summary>Whether one more refusal may have a record of its own; else it is only counted.</summary>
    public bool MayRecord(IPAddress? address)
    {
        var now = time.GetElapsedTime(_start).Ticks;
        return Failures.Take(ref Place(Kind.Record, Origin(address)), now) is null && AllRecords.Take(ref _allRecordsFullAt, now) is null;
    }

    /// <summary>Whoever has one address of IPv6 has the other 2⁶⁴ of its network too.</summary>
    public static IPAddress? Origin(IPAddress? address)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        if (plain is not { AddressFamily: AddressFamily.InterNetworkV6 })
        {
            return plain;
        }

        Span<byte> bytes = stackalloc byte[16];
        plain.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private ref long Place(Kind kind, object? key) => ref _fullAt[(HashCode.Combine(kind, key) & int.MaxValue) % Places];
}
