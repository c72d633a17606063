using System.Security.Cryptography;

namespace Vault.Core.Secrets.Sealing;

/// <summary>
/// An unwrapped data key. One cipher at a time is kept for the next use: making one costs more than opening a value, and one that is
/// shared between threads fails.
/// </summary>
internal sealed class DataKey : IDisposable
{
    private readonly Lock _gate = new();
    private readonly byte[] _key;
    private AesGcm? _spare;
    private bool _isGone;

    /// <summary>Copies the key.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="added">The clock's reading.</param>
    public DataKey(ReadOnlySpan<byte> key, long added)
    {
        _key = key.ToArray();
        Added = added;
    }

    /// <summary>When it was unwrapped.</summary>
    public long Added { get; }

    /// <summary>Whether it was zeroed.</summary>
    public bool IsGone => Volatile.Read(ref _isGone);

    /// <summary>The same key, to be kept for longer than this one.</summary>
    public DataKey Copy(long added)
    {
        lock (_gate)
        {
            return new DataKey(_key, added);
        }
    }

    /// <summary>Opens a value; false where the key went meanwhile.</summary>
    /// <exception cref="AuthenticationTagMismatchException">It is not what was sealed.</exception>
    public bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> aad)
    {
        if (Take() is not { } cipher)
        {
            return false;
        }

        try
        {
            cipher.Decrypt(nonce, ciphertext, tag, plaintext, aad);
            return true;
        }
        finally
        {
            GiveBack(cipher);
        }
    }

    /// <summary>Zeroes it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isGone = true;
            CryptographicOperations.ZeroMemory(_key);
            _spare?.Dispose();
            _spare = null;
        }
    }

    private AesGcm? Take()
    {
        lock (_gate)
        {
            var spare = _spare;
            _spare = null;
            return _isGone ? null : spare ?? new AesGcm(_key, SealedRecord.TagSize);
        }
    }

    private void GiveBack(AesGcm cipher)
    {
        lock (_gate)
        {
            if (!_isGone && _spare is null)
            {
                _spare = cipher;
                return;
            }
        }

        cipher.Dispose();
    }
}
