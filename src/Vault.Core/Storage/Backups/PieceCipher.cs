using System.Buffers.Binary;
using System.Security.Cryptography;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Backups;

/// <summary>
/// The pieces of a backup: AES-256-GCM, each under a nonce of a random prefix, its number, and whether it is the last (the STREAM
/// construction). So none can be changed, moved, left out or added, and an end that was cut off shows.
/// </summary>
internal sealed class PieceCipher(byte[] key, byte[] noncePrefix, byte[] headerHash) : IDisposable
{
    public const int PieceSize = 64 * 1024;
    public const int TagSize = 16;
    private readonly AesGcm _aes = new(key, TagSize);
    private readonly byte[] _aad = LengthPrefixed.Begin(CryptographicLabels.BackupPiece).Add(headerHash).ToArray();
    private uint _number;

    /// <summary>Seals the next piece.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, bool isLast, Span<byte> sealedPiece)
    {
        Span<byte> nonce = stackalloc byte[12];
        Next(nonce, isLast);
        _aes.Encrypt(nonce, plaintext, sealedPiece[..plaintext.Length], sealedPiece[plaintext.Length..], _aad);
    }

    /// <summary>Opens the next piece.</summary>
    /// <exception cref="BackupDamagedException">It isn't the piece that belongs here.</exception>
    public void Open(ReadOnlySpan<byte> sealedPiece, bool isLast, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[12];
        Next(nonce, isLast);
        try
        {
            _aes.Decrypt(nonce, sealedPiece[..^TagSize], sealedPiece[^TagSize..], plaintext, _aad);
        }
        catch (CryptographicException exception)
        {
            throw new BackupDamagedException("The backup is damaged, or cut short.", exception);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(key);
    }

    private void Next(Span<byte> nonce, bool isLast)
    {
        noncePrefix.CopyTo(nonce);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[BackupHeader.NoncePrefixSize..], checked(_number++));
        nonce[^1] = isLast ? (byte)1 : (byte)0;
    }
}
