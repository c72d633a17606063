using System.Buffers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// Hands a caller's body on as it arrives and keeps its beginning, up to <see cref="Limit"/>, so that a request whose token
/// turned out dead can be sent once more.
/// </summary>
internal sealed class BodyRecorder(Stream source, int limit) : ReadOnlyStream
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArrayBufferWriter<byte> _kept = new();
    private bool _overflowed;
    private bool _ended;

    /// <summary>The most bytes that are kept.</summary>
    public int Limit => limit;

    /// <summary>Whether all of the body was read and kept.</summary>
    public bool IsWhole => _ended && !_overflowed;

    /// <summary>Whether the body is known to be too large to keep.</summary>
    public bool IsOverflowed => _overflowed;

    /// <summary>Ends when it is known whether all of the body could be kept.</summary>
    public Task Settled => _settled.Task;

    /// <summary>What was read so far: the whole body where <see cref="IsWhole"/>; nothing where it is too large.</summary>
    public ReadOnlyMemory<byte> Kept
    {
        get
        {
            lock (_gate)
            {
                return _kept.WrittenMemory;
            }
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer, cancellationToken);
        lock (_gate)
        {
            Keep(buffer.Span, read);
        }

        return read;
    }

    private void Keep(ReadOnlySpan<byte> buffer, int read)
    {
        if (read == 0)
        {
            _ended = buffer.Length > 0 || _ended;
        }
        else if (!_overflowed)
        {
            if (_kept.WrittenCount + read > limit)
            {
                // Somebody may be sending what was kept: it stays as it is.
                _overflowed = true;
                _kept = new();
            }
            else
            {
                _kept.Write(buffer[..read]);
            }
        }

        if (_ended || _overflowed)
        {
            _settled.TrySetResult();
        }
    }
}
