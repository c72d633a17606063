using System.Buffers.Binary;
using System.Security.Cryptography;
using Vault.Core.Primitives;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.Sealing;

namespace Vault.Core.Secrets;

/// <summary>Seals values and opens them; design section 3. Safe for use by many threads.</summary>
public sealed class SecretSealer(VaultKeyRing ring, TimeProvider time) : IDisposable
{
    private const int MostOnStack = 1024;
    private static readonly VaultError Unreadable = new(ErrorCodes.Internal, "A sealed value is unreadable: it is damaged, or does not belong where it was found.");

    private readonly DataKeyCache _dataKeys = new(time, capacity: 50_000);

    /// <summary>Seals a value under the active vault key, with a data key of its own.</summary>
    public byte[] Seal(SealPlace place, ReadOnlySpan<byte> plaintext)
    {
        var record = new byte[SealedRecord.SizeFor(plaintext.Length)];
        var bytes = record.AsSpan();
        SealedRecord.Prefix.CopyTo(bytes);
        var keyId = ring.ActiveId;
        keyId.TryWriteBytes(bytes[SealedRecord.KeyIdOffset..], bigEndian: true, out _);
        RandomNumberGenerator.Fill(bytes.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize));
        RandomNumberGenerator.Fill(bytes.Slice(SealedRecord.DataNonceOffset, SealedRecord.NonceSize));

        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        RandomNumberGenerator.Fill(dataKey);
        if (!ring.TryGet(keyId, out var vaultKey))
        {
            throw new InvalidOperationException("The active vault key is not loaded.");
        }

        using (var wrap = new AesGcm(vaultKey, SealedRecord.TagSize))
        {
            wrap.Encrypt(
                bytes.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize),
                dataKey,
                bytes.Slice(SealedRecord.WrappedKeyOffset, SealedRecord.KeySize),
                bytes.Slice(SealedRecord.WrapTagOffset, SealedRecord.TagSize),
                SealingAad.OfWrap(bytes, place));
        }

        var padded = new byte[SealedRecord.PaddedSize(plaintext.Length)];
        BinaryPrimitives.WriteInt32BigEndian(padded, plaintext.Length);
        plaintext.CopyTo(padded.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(bytes[SealedRecord.LengthOffset..], padded.Length);
        using (var seal = new AesGcm(dataKey, SealedRecord.TagSize))
        {
            seal.Encrypt(
                bytes.Slice(SealedRecord.DataNonceOffset, SealedRecord.NonceSize),
                padded,
                bytes.Slice(SealedRecord.CiphertextOffset, padded.Length),
                bytes[(SealedRecord.CiphertextOffset + padded.Length)..],
                SealingAad.OfData(place));
        }

        CryptographicOperations.ZeroMemory(dataKey);
        CryptographicOperations.ZeroMemory(padded);
        return record;
    }

    /// <summary>Opens a record; an error of code <c>internal</c> ("unreadable") where it is damaged or belongs elsewhere.</summary>
    public Result<SecretText> Open(SealPlace place, ReadOnlySpan<byte> record) => Open(new SealedValue(place, record.ToArray()));

    /// <summary>The same for what is opened often.</summary>
    public Result<SecretText> Open(SealedValue value)
    {
        if (!value.IsWellFormed)
        {
            return Unreadable;
        }

        var record = value.Record.Span;
        var length = record.Length - SealedRecord.CiphertextOffset - SealedRecord.TagSize;
        var padded = length <= MostOnStack ? stackalloc byte[length] : new byte[length];
        try
        {
            return TryOpen(value, padded) && BinaryPrimitives.ReadUInt32BigEndian(padded) is var size && size <= padded.Length - 4
                ? new SecretText(padded.Slice(4, (int)size).ToArray())
                : Unreadable;
        }
        catch (AuthenticationTagMismatchException)
        {
            return Unreadable;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    /// <summary>Zeroes the data keys that are kept.</summary>
    public void Dispose() => _dataKeys.Dispose();

    private bool TryOpen(SealedValue value, Span<byte> padded)
    {
        var key = value.Key is { } known && _dataKeys.IsUsable(known) ? known : _dataKeys.Find(value.CacheId);
        if (key is not null && TryDecrypt(key, value, padded))
        {
            value.Key = key;
            return true;
        }

        // Not there, or it went between being found and being used. This one is used before anybody can zero it.
        using var own = Unwrap(value);
        if (own is null || !TryDecrypt(own, value, padded))
        {
            return false;
        }

        value.Key = _dataKeys.Add(value.CacheId, own);
        return true;
    }

    private static bool TryDecrypt(DataKey key, SealedValue value, Span<byte> padded)
    {
        var record = value.Record.Span;
        return key.TryDecrypt(
            record.Slice(SealedRecord.DataNonceOffset, SealedRecord.NonceSize),
            record.Slice(SealedRecord.CiphertextOffset, padded.Length),
            record[^SealedRecord.TagSize..],
            padded,
            value.DataAad);
    }

    private DataKey? Unwrap(SealedValue value)
    {
        var record = value.Record.Span;
        if (!ring.TryGet(new Guid(record.Slice(SealedRecord.KeyIdOffset, 16), bigEndian: true), out var vaultKey))
        {
            return null;
        }

        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        try
        {
            using var wrap = new AesGcm(vaultKey, SealedRecord.TagSize);
            wrap.Decrypt(
                record.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize),
                record.Slice(SealedRecord.WrappedKeyOffset, SealedRecord.KeySize),
                record.Slice(SealedRecord.WrapTagOffset, SealedRecord.TagSize),
                dataKey,
                value.WrapAad);
            return new DataKey(dataKey, 0);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }
}
