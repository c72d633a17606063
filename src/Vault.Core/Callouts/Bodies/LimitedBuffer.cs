using System.Buffers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>Takes up to a limit: a short body of many fields may resolve to gigabytes, and then has to be streamed.</summary>
internal sealed class LimitedBuffer(int limit) : IBufferWriter<byte>
{
    private readonly ArrayBufferWriter<byte> _kept = new();

    /// <summary>What was written.</summary>
    public ReadOnlyMemory<byte> Written => _kept.WrittenMemory;

    public void Advance(int count)
    {
        _kept.Advance(count);
        if (_kept.WrittenCount > limit)
        {
            throw new BufferFullException();
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _kept.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _kept.GetSpan(sizeHint);
}

/// <summary>More was written than the buffer takes; caught where the buffer was made.</summary>
internal sealed class BufferFullException : Exception;
