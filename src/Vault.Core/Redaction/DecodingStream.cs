using System.IO.Compression;

namespace Vault.Core.Redaction;

/// <summary>
/// Undoes one content coding. <c>deflate</c> is zlib by RFC 9110, but some servers leave the wrapping out; the first two bytes
/// tell. An answer without any bytes has none to decode, whatever its head says. Bytes that aren't of the coding are an
/// <see cref="InvalidDataException"/>.
/// </summary>
/// <param name="inner">The content as it arrives.</param>
/// <param name="coding"><c>br</c>, <c>deflate</c> or, for anything else, <c>gzip</c>.</param>
internal sealed class DecodingStream(Stream inner, string coding) : Stream
{
    // What stands behind the end of the coding is nobody's; more than this isn't even passed over.
    private const int MostBehind = 64 * 1024;

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
            _decoder = count == 0 ? Null : Open(head.AsSpan(0, count), new PrefixedStream(head.AsMemory(0, count), inner));
        }

        try
        {
            var read = await _decoder.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0 && buffer.Length > 0)
            {
                await EndAsync(cancellationToken).ConfigureAwait(false);
            }

            return read;
        }
        catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
        {
            // What Brotli says of bytes that aren't.
            throw new InvalidDataException(exception.Message, exception);
        }
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

    // Most decoders read no further than they need, but only the end of the content tells that it came whole, and has the trailers.
    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        var scratch = new byte[4096];
        for (int read, behind = 0; behind < MostBehind && (read = await inner.ReadAsync(scratch, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            behind += read;
        }
    }

    private Stream Open(ReadOnlySpan<byte> head, Stream whole) => coding switch
    {
        "br" => new BrotliStream(whole, CompressionMode.Decompress),
        "deflate" when head.Length == 2 && (head[0] & 15) == 8 && ((head[0] << 8) | head[1]) % 31 == 0 => new ZLibStream(whole, CompressionMode.Decompress),
        "deflate" => new DeflateStream(whole, CompressionMode.Decompress),
        _ => new GZipStream(whole, CompressionMode.Decompress),
    };

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
