using System.Buffers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>The beginning of a stream, kept as it is read, so that the whole can be read once more. The stream itself is left open.</summary>
/// <param name="inner">The stream.</param>
/// <param name="limit">How much of it is shown: behind that it seems to end.</param>
internal sealed class RecordedStream(Stream inner, int limit) : ReadOnlyStream
{
    private readonly ArrayBufferWriter<byte> _read = new();

    /// <summary>The whole stream from its beginning; it owns the one that it came from.</summary>
    public Stream Replay() => new PrefixedStream(_read.WrittenMemory, inner, ownsRest: true);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var most = Math.Min(buffer.Length, limit - _read.WrittenCount);
        var count = most == 0 ? 0 : await inner.ReadAsync(buffer[..most], cancellationToken).ConfigureAwait(false);
        _read.Write(buffer.Span[..count]);
        return count;
    }
}
