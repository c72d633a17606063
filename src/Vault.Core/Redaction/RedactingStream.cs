using System.Buffers;
using System.Security.Cryptography;

namespace Vault.Core.Redaction;

/// <summary>
/// Reads a stream with every echo of a secret overwritten with <c>*</c>. What can't be part of an echo is handed on at once;
/// held back is only the beginning of a possible one. It reads into the caller's own buffer and masks there; what it holds back, and reads
/// with a small buffer, go through one of its own. For one reader; asynchronous reads only. Disposes the inner stream.
/// </summary>
public sealed class RedactingStream(Stream inner, RedactionSet set, EchoWork work) : Stream
{
    private const int ChunkSize = 16 * 1024;

    // Less room than this beside what is held isn't worth a read of its own.
    private const int MinRoom = 4 * 1024;

    private readonly EchoScanner _scanner = new(set, work);
    private byte[] _buffer = [];
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
            if (buffer.Length - (_end - _start) < MinRoom)
            {
                await FillAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (await FillAsync(buffer, cancellationToken).ConfigureAwait(false) is var filled and > 0)
            {
                return filled;
            }
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
        if (!_isFilling && buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Fills the caller's buffer, from its beginning, and gives how many bytes of it can be handed on; what is behind them is held.</summary>
    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        // 1. What is held gets its place before the new bytes once they are there: a read that fails changes nothing.
        var held = _end - _start;
        var read = await inner.ReadAsync(buffer[held..], cancellationToken).ConfigureAwait(false);
        _ended = read == 0;
        var bytes = buffer.Span[..(held + read)];
        _buffer.AsSpan(_start, held).CopyTo(bytes);
        _origin += _start;

        // 2. What isn't handed on may be the beginning of a secret, and the buffer is the caller's.
        var ready = Scan(bytes, held);
        Hold(bytes[ready..]);
        _origin += ready;
        bytes[ready..].Clear();
        return ready;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length)
        {
            var old = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
            GiveBack(old);
            _touched = 0;
        }

        bytes.CopyTo(_buffer);
        (_start, _ready, _end) = (0, 0, bytes.Length);
        _touched = Math.Max(_touched, _end);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        // 1. What was handed on makes room; a beginning that fills the buffer doubles it.
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_origin, _end, _ready, _start) = (_origin + _start, _end - _start, _ready - _start, 0);
        if (_end == _buffer.Length)
        {
            var old = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(ChunkSize, old.Length * 2));
            old.AsSpan(0, _end).CopyTo(_buffer);
            GiveBack(old);
            _touched = _end;
        }

        // 2. New bytes are scanned once; masks may reach back into what was held.
        _isFilling = true;
        var read = await inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _isFilling = false;
        _ended = read == 0;
        var held = _end;
        _end += read;
        _touched = Math.Max(_touched, _end);
        _ready = Scan(_buffer.AsSpan(0, _end), held);
    }

    /// <summary>Masks in all bytes not yet handed on, of which those from a place on are new; gives how many of them can be: all, at the end.</summary>
    private int Scan(Span<byte> bytes, int from)
    {
        try
        {
            _scanner.Scan(bytes, from, _origin, isWhole: false);
        }
        catch (EchoWorkExceededException)
        {
            // They aren't masked, and the buffer may be the caller's.
            bytes.Clear();
            throw;
        }

        return _ended ? bytes.Length : (int)Math.Max(0, _scanner.ReleasableTo(_origin + bytes.Length) - _origin);
    }
}
