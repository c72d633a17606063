namespace Vault.Core.Storage.Backups;

/// <summary>Opens the pieces of a backup as they are read; nothing of a piece is given before it was found to be whole and in its place.</summary>
internal sealed class OpeningStream(Stream input, PieceCipher cipher) : Stream
{
    private const int SealedSize = PieceCipher.PieceSize + PieceCipher.TagSize;

    // One byte more than a piece: whether it is the last shows in whether there is anything behind it.
    private readonly byte[] _sealed = new byte[SealedSize + 1];
    private readonly byte[] _plaintext = new byte[PieceCipher.PieceSize];
    private int _ahead;
    private int _length;
    private int _position;
    private bool _isLast;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_position == _length)
        {
            if (_isLast)
            {
                return 0;
            }

            await OpenAsync(cancellationToken);
        }

        var count = Math.Min(buffer.Length, _length - _position);
        _plaintext.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var have = _ahead + await input.ReadAtLeastAsync(_sealed.AsMemory(_ahead), _sealed.Length - _ahead, throwOnEndOfStream: false, cancellationToken);
        _isLast = have <= SealedSize;
        var size = Math.Min(have, SealedSize);
        if (size < PieceCipher.TagSize)
        {
            throw new BackupDamagedException("The backup is cut short.");
        }

        cipher.Open(_sealed.AsSpan(0, size), _isLast, _plaintext.AsSpan(0, size - PieceCipher.TagSize));
        (_position, _length) = (0, size - PieceCipher.TagSize);
        _ahead = have - size;
        _sealed[0] = _sealed[SealedSize];
    }
}
