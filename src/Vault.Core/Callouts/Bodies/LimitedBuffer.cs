using System.Buffers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>Takes up to a limit: a short body of many fields may resolve to gigabytes, and then has to be streamed.</summary>
/// <param name="limit">How many bytes it takes.</param>
/// <param name="expected">How many will probably come: so that it needn't grow for them.</param>
internal sealed class LimitedBuffer(int limit, int expected = 256) : IBufferWriter<byte>
{
    private readonly ArrayBufferWriter<byte> _kept = new(expected);

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
