using System.Buffers;
using System.Security.Cryptography;

namespace Vault.Core.Redaction;

/// <summary>
/// Reads a stream with every echo of a secret overwritten with <c>*</c>. What can't be part of an echo is handed on at once;
/// held back is only the beginning of a possible one. For one reader; asynchronous reads only. Disposes the inner stream.
/// </summary>
public sealed class RedactingStream(Stream inner, RedactionSet set) : Stream
{
    private const int ChunkSize = 16 * 1024;

    private readonly EchoScanner _scanner = new(set);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
    private int _touched;
    private bool _isDisposed;
    private bool _isFilling;
    private long _origin;
    private int _start;
    private int _ready;
    private int _end;
    private bool _ended;

    /// <inheritdoc />
    public override bool CanRead => true;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override bool CanWrite => false;

    /// <inheritdoc />
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        if (set.IsEmpty)
        {
            return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        while (_start == _ready && !_ended)
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        var count = Math.Min(buffer.Length, _ready - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    /// <inheritdoc />
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous reads only.");

    /// <inheritdoc />
    public override void Flush()
    {
    }

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            if (!_isDisposed)
            {
                _isDisposed = true;
                GiveBack(_buffer);
                _buffer = [];
            }
        }

        base.Dispose(disposing);
    }

    // An echo may have passed through it. What a read that failed may still write to is nobody else's.
    private void GiveBack(byte[] buffer)
    {
        CryptographicOperations.ZeroMemory(buffer.AsSpan(0, Math.Min(_touched, buffer.Length)));
        if (!_isFilling)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        // 1. What was handed on makes room; a beginning that fills the buffer doubles it.
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_origin, _end, _ready, _start) = (_origin + _start, _end - _start, _ready - _start, 0);
        if (_end == _buffer.Length)
        {
            var old = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(old.Length * 2);
            old.AsSpan(0, _end).CopyTo(_buffer);
            GiveBack(old);
            _touched = _end;
        }

        // 2. New bytes are scanned once; masks may reach back into what was held.
        _isFilling = true;
        var read = await inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _isFilling = false;
        _ended = read == 0;
        _scanner.Scan(_buffer.AsSpan(0, _end + read), _end, _origin, isWhole: false);
        _end += read;
        _touched = Math.Max(_touched, _end);

        // 3. At the end nothing can be completed any more.
        _ready = _ended ? _end : (int)Math.Max(0, _scanner.ReleasableTo(_origin + _end) - _origin);
    }
}
