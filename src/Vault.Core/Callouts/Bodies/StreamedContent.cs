using System.Buffers;
using System.Net;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// A caller's body on its way upstream, in constant memory. What is read is written at once, and goes out where the next bytes
/// aren't there yet (the head also where more than the first of them are to come), so that both sides of a conversation (gRPC, long uploads) see each other's bytes as they come.
/// An HTTP/2 upstream may say, after some or all of it was sent, that it didn't look at the request (a refused stream, <c>GOAWAY</c>; RFC 9113 section 8.7): HttpClient
/// sends it once more by itself, and what the source no longer has comes from what was kept of it.
/// </summary>
internal sealed class StreamedContent(BodyRecorder source, IBodyTransform transform, Callout callout) : HttpContent
{
    private const int BufferSize = 64 * 1024;
    private readonly CancellationTokenSource _stop = new();
    private Sending? _sending;
    private long _taken;

    /// <summary>Ends when nothing reads the source any more, for whatever reason.</summary>
    public Task Sent => _sending?.Read.Task ?? Task.CompletedTask;

    /// <summary>Stops sending it; ends when nothing reads the source any more. What was read and kept stays kept.</summary>
    public Task StopAsync()
    {
        _stop.Cancel();
        return Sent;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var (before, sending) = (_sending, new Sending(CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token)));
        _sending = sending;
        cancellationToken = sending.Ended;
        callout.Idle.Touch();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        Task<int>? reading = null;
        var isFirst = true;
        var turn = default(ThreadTurn);
        try
        {
            if (before is not null)
            {
                await RepeatAsync(before, stream, cancellationToken);
            }

            while (true)
            {
                int count;
                var read = source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken);
                var hasWaited = !read.IsCompleted;
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
                    if (!callout.HasAnswer)
                    {
                        // Upstream's time begins when it has the body. Once it answers, what counts is that something comes, from either side.
                        callout.Idle.Pause();
                    }

                    count = await reading;
                    reading = null;
                }

                isFirst = false;
                callout.Idle.Touch();
                if (count == 0)
                {
                    await transform.CompleteAsync(stream, cancellationToken);
                    return;
                }

                _taken += count;
                await transform.WriteAsync(buffer.AsMemory(0, count), stream, cancellationToken);
                if (turn.IsOver(hasWaited))
                {
                    await Task.Yield();
                }
            }
        }
        finally
        {
            callout.Idle.Touch();
            sending.Stopped.SetResult();
            if (before is { Read.Task.IsCompleted: false })
            {
                // The one before still reads: nobody may until it doesn't.
                ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
                _ = EndAfterAsync(before.Read.Task, null, sending);
            }
            else if (reading is { IsCompleted: false })
            {
                // Upstream is gone, but the caller's next bytes are still being waited for.
                _ = EndAfterAsync(reading, buffer, sending);
            }
            else
            {
                End(buffer, sending);
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    // What the sending before had taken goes out as it went then; what it still waits for goes on to be waited for.
    private async Task RepeatAsync(Sending before, Stream stream, CancellationToken cancellationToken)
    {
        await before.Stopped.Task.WaitAsync(cancellationToken);
        if (transform is not PlainBody)
        {
            throw CantBeRepeated();
        }

        var taken = source.Kept;
        if (source.IsOverflowed)
        {
            throw CantBeRepeated();
        }

        await stream.WriteAsync(taken[..(int)_taken], cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await before.Read.Task.WaitAsync(cancellationToken);
        if (source.IsOverflowed)
        {
            throw CantBeRepeated();
        }

        var unsent = source.Kept[(int)_taken..];
        if (!unsent.IsEmpty)
        {
            _taken += unsent.Length;
            await transform.WriteAsync(unsent, stream, cancellationToken);
        }
    }

    private static CalloutAbortedException CantBeRepeated() => new(new VaultError(
        ErrorCodes.UpstreamUnreachable, "The service didn't take the request after a part of its body was sent, and that part can't be sent again."));

    private static async Task EndAfterAsync(Task reading, byte[]? buffer, Sending sending)
    {
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        End(buffer, sending);
    }

    private static void End(byte[]? buffer, Sending sending)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }

        sending.Dispose();
        sending.Read.TrySetResult();
    }

    /// <summary>One time that it is sent.</summary>
    /// <param name="ending">Ends it.</param>
    private sealed class Sending(CancellationTokenSource ending) : IDisposable
    {
        /// <summary>Tells that it ends.</summary>
        public CancellationToken Ended { get; } = ending.Token;

        /// <summary>Ends when it writes no more.</summary>
        public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when it reads no more either.</summary>
        public TaskCompletionSource Read { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <inheritdoc />
        public void Dispose() => ending.Dispose();
    }
}
