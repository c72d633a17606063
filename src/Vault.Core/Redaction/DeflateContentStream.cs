using System.IO.Compression;

namespace Vault.Core.Redaction;

/// <summary>The <c>deflate</c> coding: zlib by RFC 9110, but some servers leave the wrapping out; the first two bytes tell.</summary>
internal sealed class DeflateContentStream(Stream inner) : Stream
{
    private Stream? _decoder;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_decoder is null)
        {
            var head = new byte[2];
            var count = await inner.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var whole = new PrefixedStream(head.AsMemory(0, count), inner);
            _decoder = count == 2 && (head[0] & 15) == 8 && ((head[0] << 8) | head[1]) % 31 == 0
                ? new ZLibStream(whole, CompressionMode.Decompress)
                : new DeflateStream(whole, CompressionMode.Decompress);
        }

        return await _decoder.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous reads only.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _decoder?.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
