using System.Buffers;
using System.Net;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// A caller's body on its way upstream, in constant memory. What is read is written at once, and goes out where the next bytes
/// aren't there yet (the head also where more than the first of them are to come), so that both sides of a conversation (gRPC, long uploads) see each other's bytes as they come.
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
        idle.Touch();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        Task<int>? reading = null;
        var isFirst = true;
        try
        {
            while (true)
            {
                int count;
                var read = source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken);
                if (read.IsCompletedSuccessfully)
                {
                    count = read.Result;
                    if (isFirst && count < (Headers.ContentLength ?? long.MaxValue))
                    {
                        // The rest may be long in coming, and upstream gone meanwhile: what is written after the head meets that.
                        await stream.FlushAsync(cancellationToken);
                    }
                }
                else
                {
                    // What was written goes out, and before the first byte the head: the upstream may answer, or refuse, at once.
                    reading = read.AsTask();
                    await stream.FlushAsync(cancellationToken);
                    idle.Pause();
                    count = await reading;
                    reading = null;
                }

                isFirst = false;
                idle.Touch();
                if (count == 0)
                {
                    await transform.CompleteAsync(stream, cancellationToken);
                    return;
                }

                await transform.WriteAsync(buffer.AsMemory(0, count), stream, cancellationToken);
            }
        }
        finally
        {
            idle.Touch();
            if (reading is { IsCompleted: false })
            {
                // Upstream is gone, but the caller's next bytes are still being waited for.
                _ = EndAfterAsync(reading, buffer);
            }
            else
            {
                End(buffer);
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task EndAfterAsync(Task reading, byte[] buffer)
    {
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        End(buffer);
    }

    private void End(byte[] buffer)
    {
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        _sent.TrySetResult();
    }
}
