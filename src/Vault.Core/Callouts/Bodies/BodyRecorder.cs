using System.Buffers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// Hands a caller's body on as it arrives and keeps its beginning, up to <see cref="Limit"/>, so that a request whose token
/// turned out dead can be sent once more.
/// </summary>
internal sealed class BodyRecorder(Stream source, int limit) : ReadOnlyStream
{
    private readonly ArrayBufferWriter<byte> _kept = new();
    private bool _overflowed;
    private bool _ended;

    /// <summary>The most bytes that are kept.</summary>
    public int Limit => limit;

    /// <summary>Whether all of the body was read and kept.</summary>
    public bool IsWhole => _ended && !_overflowed;

    /// <summary>Whether the body is known to be too large to keep.</summary>
    public bool IsOverflowed => _overflowed;

    /// <summary>The whole body; only where <see cref="IsWhole"/>.</summary>
    public ReadOnlyMemory<byte> Kept => _kept.WrittenMemory;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer, cancellationToken);
        if (read == 0)
        {
            _ended = buffer.Length > 0 || _ended;
        }
        else if (!_overflowed)
        {
            if (_kept.WrittenCount + read > limit)
            {
                _overflowed = true;
                _kept.Clear();
            }
            else
            {
                _kept.Write(buffer.Span[..read]);
            }
        }

        return read;
    }
}
