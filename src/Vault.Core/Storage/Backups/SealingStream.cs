namespace Vault.Core.Storage.Backups;

/// <summary>Seals what is written to it, piece by piece. Without <see cref="CompleteAsync"/> what was written is no backup.</summary>
internal sealed class SealingStream(Stream output, PieceCipher cipher) : Stream
{
    private readonly byte[] _plaintext = new byte[PieceCipher.PieceSize];
    private readonly byte[] _sealed = new byte[PieceCipher.PieceSize + PieceCipher.TagSize];
    private int _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // A full piece waits until there is more: it may be the last.
            if (_length == _plaintext.Length)
            {
                await SealAsync(isLast: false, cancellationToken);
            }

            var count = Math.Min(buffer.Length, _plaintext.Length - _length);
            buffer.Span[..count].CopyTo(_plaintext.AsSpan(_length));
            _length += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Seals the last piece.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken) => SealAsync(isLast: true, cancellationToken);

    public override void Flush()
    {
        // Pieces go out when they are full.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task SealAsync(bool isLast, CancellationToken cancellationToken)
    {
        cipher.Seal(_plaintext.AsSpan(0, _length), isLast, _sealed.AsSpan(0, _length + PieceCipher.TagSize));
        await output.WriteAsync(_sealed.AsMemory(0, _length + PieceCipher.TagSize), cancellationToken);
        _length = 0;
    }
}
