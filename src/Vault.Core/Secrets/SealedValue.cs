using System.Buffers.Binary;
using System.Security.Cryptography;
using Vault.Core.Secrets.Sealing;

namespace Vault.Core.Secrets;

/// <summary>A sealed record and the place that it belongs to, made ready once to be opened often. Immutable but for what it remembers.</summary>
public sealed class SealedValue
{
    /// <summary>Takes a record as it was found; whether it can be opened shows when it is.</summary>
    public SealedValue(SealPlace place, ReadOnlyMemory<byte> record)
    {
        Record = record;
        IsWellFormed = SealedRecord.IsWellFormed(record.Span);
        if (IsWellFormed)
        {
            WrapAad = SealingAad.OfWrap(record.Span, place);
            DataAad = SealingAad.OfData(place);
            CacheId = IdOf(record.Span, WrapAad);
        }
    }

    internal ReadOnlyMemory<byte> Record { get; }

    internal bool IsWellFormed { get; }

    internal byte[] WrapAad { get; } = [];

    internal byte[] DataAad { get; } = [];

    internal UInt128 CacheId { get; }

    /// <summary>The key that it was opened with last.</summary>
    internal DataKey? Key { get; set; }

    /// <summary>Never the value.</summary>
    public override string ToString() => nameof(SealedValue);

    // Of the wrap and its place: a wrap that was moved never meets the key of the place it came from.
    private static UInt128 IdOf(ReadOnlySpan<byte> record, byte[] aad)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(record[..SealedRecord.DataNonceOffset]);
        sha.AppendData(aad);
        sha.GetHashAndReset(hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
