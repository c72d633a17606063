using System.Buffers.Binary;
using System.Security.Cryptography;
using Vault.Core.Primitives;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.Sealing;

namespace Vault.Core.Secrets;

/// <summary>Seals values and opens them; design section 3. Safe for use by many threads.</summary>
public sealed class SecretSealer(VaultKeyRing ring, TimeProvider time)
{
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
                WrapAad(bytes, place));
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
                DataAad(place));
        }

        CryptographicOperations.ZeroMemory(dataKey);
        CryptographicOperations.ZeroMemory(padded);
        return record;
    }

    /// <summary>Opens a record; an error of code <c>internal</c> ("unreadable") where it is damaged or belongs elsewhere.</summary>
    public Result<SecretText> Open(SealPlace place, ReadOnlySpan<byte> record)
    {
        if (!SealedRecord.IsWellFormed(record))
        {
            return Unreadable;
        }

        Span<byte> dataKey = stackalloc byte[SealedRecord.KeySize];
        var padded = new byte[record.Length - SealedRecord.CiphertextOffset - SealedRecord.TagSize];
        try
        {
            if (!TryUnwrap(place, record, dataKey))
            {
                return Unreadable;
            }

            // A new AesGcm for each operation: one that is shared between threads fails.
            using var aes = new AesGcm(dataKey, SealedRecord.TagSize);
            aes.Decrypt(
                record.Slice(SealedRecord.DataNonceOffset, SealedRecord.NonceSize),
                record.Slice(SealedRecord.CiphertextOffset, padded.Length),
                record[^SealedRecord.TagSize..],
                padded,
                DataAad(place));
            var length = BinaryPrimitives.ReadUInt32BigEndian(padded);
            return length > padded.Length - 4 ? Unreadable : new SecretText(padded.AsSpan(4, (int)length).ToArray());
        }
        catch (AuthenticationTagMismatchException)
        {
            return Unreadable;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    private bool TryUnwrap(SealPlace place, ReadOnlySpan<byte> record, Span<byte> dataKey)
    {
        var aad = WrapAad(record, place);
        var cacheId = CacheId(record, aad);
        if (_dataKeys.TryGet(cacheId, dataKey))
        {
            return true;
        }

        if (!ring.TryGet(new Guid(record.Slice(SealedRecord.KeyIdOffset, 16), bigEndian: true), out var vaultKey))
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
        _dataKeys.Add(cacheId, dataKey);
        return true;
    }

    // Of the wrap and its place: a wrap that was moved never meets the key of the place it came from.
    private static UInt128 CacheId(ReadOnlySpan<byte> record, byte[] aad)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(record[..SealedRecord.DataNonceOffset]);
        sha.AppendData(aad);
        sha.GetHashAndReset(hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static byte[] WrapAad(ReadOnlySpan<byte> record, SealPlace place) =>
        Place(new LengthPrefixed(CryptographicLabels.DataKey).Add(record[..SealedRecord.WrapNonceOffset]), place).ToArray();

    // Without the vault-key id: moving a value to another vault key touches only its wrap.
    private static byte[] DataAad(SealPlace place) =>
        Place(new LengthPrefixed(CryptographicLabels.SealedValue).Add(SealedRecord.Prefix), place).Add(place.Binding.Span).ToArray();

    private static LengthPrefixed Place(LengthPrefixed aad, SealPlace place) => aad
        .Add(place.Kind).Add(place.RecordId).Add(place.ExternalCredentialId).Add(place.PrincipalId)
        .Add(place.User).Add(place.Name).Add(place.Version);
}
