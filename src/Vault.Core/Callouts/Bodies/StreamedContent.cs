using System.Buffers;
using System.Net;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// A caller's body on its way upstream, in constant memory. What is read is written at once, and flushed where the next bytes
/// aren't there yet, so that both sides of a conversation (gRPC, long uploads) see each other's bytes as they come.
/// </summary>
internal sealed class StreamedContent(Stream source, IBodyTransform transform, IdleTimer idle) : HttpContent
{
    private const int BufferSize = 64 * 1024;
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;

    /// <summary>Ends when nothing reads the source any more, for whatever reason.</summary>
    public Task Sent => _started ? _sent.Task : Task.CompletedTask;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _started = true;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            // The head goes out before the first byte of the body is there: the upstream may answer, or refuse, at once.
            idle.Touch();
            await stream.FlushAsync(cancellationToken);
            while (true)
            {
                idle.Pause();
                var read = await source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken);
                idle.Touch();
                if (read == 0)
                {
                    await transform.CompleteAsync(stream, cancellationToken);
                    return;
                }

                await transform.WriteAsync(buffer.AsMemory(0, read), stream, cancellationToken);
                if (read < BufferSize)
                {
                    await stream.FlushAsync(cancellationToken);
                }
            }
        }
        finally
        {
            idle.Touch();
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
            _sent.TrySetResult();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
