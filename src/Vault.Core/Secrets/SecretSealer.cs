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
        RandomNumberGenerator.Fill(bytes.Slice(SealedRecord.DataNonceOffset, SealedRecord.NonceSize));

        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        RandomNumberGenerator.Fill(dataKey);
        Wrap(bytes, place, dataKey);

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

    /// <summary>Whether a record's data key is wrapped by the active vault key; false also for what is no record.</summary>
    public bool IsUnderActiveKey(ReadOnlySpan<byte> record) =>
        SealedRecord.IsWellFormed(record) && KeyIdOf(record) == ring.ActiveId;

    /// <summary>The same record with its data key wrapped by the active vault key; the value itself isn't opened. Null where the wrap can't be opened here.</summary>
    /// <param name="place">Where it belongs; its binding isn't needed.</param>
    /// <param name="record">The record.</param>
    public byte[]? Rewrap(SealPlace place, ReadOnlySpan<byte> record)
    {
        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        try
        {
            if (!TryUnwrap(record, SealedRecord.IsWellFormed(record) ? SealingAad.OfWrap(record, place) : [], dataKey))
            {
                return null;
            }

            var moved = record.ToArray();
            Wrap(moved, place, dataKey);
            return moved;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>
    /// Learns of vault keys that another process made a moment ago, where one of these records names one. For whoever has just read them
    /// from the database: to open them, or others that are kept with them, is synchronous then, and reads nothing.
    /// </summary>
    public Task LearnKeysAsync(IEnumerable<byte[]> records)
    {
        Guid[] unknown = [.. records.Where(record => SealedRecord.IsWellFormed(record)).Select(record => KeyIdOf(record)).Where(id => !ring.IsSettled(id))];
        return unknown.Length == 0 ? Task.CompletedTask : Task.Run(() => Array.ForEach(unknown, id => ring.TryGet(id, out _)));
    }

    /// <summary>Whether a record can be opened; nothing of it is kept, so that a look at all of them leaves the cache as it was.</summary>
    public bool CanOpen(SealPlace place, ReadOnlySpan<byte> record)
    {
        var value = new SealedValue(place, record.ToArray());
        var padded = value.IsWellFormed ? new byte[record.Length - SealedRecord.CiphertextOffset - SealedRecord.TagSize] : [];
        try
        {
            using var key = value.IsWellFormed ? Unwrap(value) : null;
            return key is not null && TryDecrypt(key, value, padded) && BinaryPrimitives.ReadUInt32BigEndian(padded) <= padded.Length - 4;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
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
        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        try
        {
            return TryUnwrap(value.Record.Span, value.WrapAad, dataKey) ? new DataKey(dataKey, 0) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    private static Guid KeyIdOf(ReadOnlySpan<byte> record) => new(record.Slice(SealedRecord.KeyIdOffset, 16), bigEndian: true);

    private bool TryUnwrap(ReadOnlySpan<byte> record, byte[] aad, Span<byte> dataKey)
    {
        if (!SealedRecord.IsWellFormed(record) || !ring.TryGet(KeyIdOf(record), out var vaultKey))
        {
            return false;
        }

        using var wrap = new AesGcm(vaultKey, SealedRecord.TagSize);
        wrap.Decrypt(
            record.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize),
            record.Slice(SealedRecord.WrappedKeyOffset, SealedRecord.KeySize),
            record.Slice(SealedRecord.WrapTagOffset, SealedRecord.TagSize),
            dataKey,
            aad);
        return true;
    }

    // Writes the id of the active vault key, a fresh nonce, the wrapped key and its tag.
    private void Wrap(Span<byte> record, SealPlace place, ReadOnlySpan<byte> dataKey)
    {
        var keyId = ring.ActiveId;
        if (!ring.TryGet(keyId, out var vaultKey))
        {
            throw new InvalidOperationException("The active vault key is not loaded.");
        }

        keyId.TryWriteBytes(record[SealedRecord.KeyIdOffset..], bigEndian: true, out _);
        RandomNumberGenerator.Fill(record.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize));
        using var wrap = new AesGcm(vaultKey, SealedRecord.TagSize);
        wrap.Encrypt(
            record.Slice(SealedRecord.WrapNonceOffset, SealedRecord.NonceSize),
            dataKey,
            record.Slice(SealedRecord.WrappedKeyOffset, SealedRecord.KeySize),
            record.Slice(SealedRecord.WrapTagOffset, SealedRecord.TagSize),
            SealingAad.OfWrap(record, place));
    }
}
