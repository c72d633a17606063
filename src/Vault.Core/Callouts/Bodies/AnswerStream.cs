using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// The last stream before the caller: notes activity, hands the head of the answer on where its body is not there yet, and
/// counts. Also the two-way stream of an upgraded connection.
/// </summary>
/// <param name="inner">The answer's body.</param>
/// <param name="callout">Whose it is.</param>
/// <param name="limit">How many bytes it may have; null: any number.</param>
/// <param name="holdsHead">Whether the head waits, a second at most, for the first of the body, which may not be what the head says.</param>
/// <param name="length">How many bytes its head says that there are; null: it doesn't say.</param>
internal sealed class AnswerStream(Stream inner, Callout callout, long? limit, bool holdsHead = false, long? length = null) : Stream
{
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(1);

    private long _count;
    private ThreadTurn _turn;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The callout's own token ends when nothing came for timeoutSeconds; that of an upgrade's other direction has to count too.
        using var both = callout.Request.IsUpgrade ? CancellationTokenSource.CreateLinkedTokenSource(callout.Cancellation, cancellationToken) : null;
        try
        {
            var pending = holdsHead && _count == 0 && callout.IsHeadReady
                ? ReadFirstAsync(buffer, cancellationToken)
                : inner.ReadAsync(buffer, both?.Token ?? callout.Cancellation);
            var hasWaited = !pending.IsCompleted;
            if (hasWaited && callout.IsHeadReady && !holdsHead)
            {
                // A caller who waits for the head before it sends more (gRPC, SSE) would otherwise wait for ever.
                try
                {
                    await FlushHeadAsync(cancellationToken);
                }
                catch
                {
                    await EndAsync(pending.AsTask());
                    throw;
                }
            }

            var read = await pending;
            callout.Idle.Touch();
            _count += read;
            if (_count > limit)
            {
                throw new CalloutAbortedException(AnswerReading.TooLarge(callout));
            }

            // Over HTTP/2 nobody below counts.
            if (_count > length || (read == 0 && buffer.Length > 0 && _count < length))
            {
                throw new HttpIOException(_count > length ? HttpRequestError.InvalidResponse : HttpRequestError.ResponseEnded);
            }

            callout.BytesOut = _count;
            if (_turn.IsOver(hasWaited))
            {
                await Task.Yield();
            }

            return read;
        }
        catch (Exception exception)
        {
            // A caller who has none of the answer yet can still be told.
            callout.HasAnswer = false;
            callout.Error ??= callout.Request.Aborted.IsCancellationRequested ? null : CalloutFaults.ToError(exception, callout, isAnswering: true);
            throw;
        }
    }

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var first = inner.ReadAsync(buffer, callout.Cancellation).AsTask();
        await ((Task)first).WaitAsync(LongestHold, callout.Idle.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!first.IsCompleted)
        {
            try
            {
                await FlushHeadAsync(cancellationToken);
            }
            catch
            {
                await EndAsync(first);
                throw;
            }
        }

        return await first;
    }

    private ValueTask FlushHeadAsync(CancellationToken cancellationToken)
    {
        callout.IsHeadReady = false;
        return callout.Request.FlushHead is { } flush ? flush(callout.Request.FlushState, cancellationToken) : ValueTask.CompletedTask;
    }

    // Whoever called takes the buffer back, and it may be another caller's next: nothing may be read into it any more.
    private async Task EndAsync(Task reading)
    {
        callout.Idle.Cancel();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken);
        callout.Idle.Touch();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
