using System.Buffers;
using System.IO.Pipelines;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// The caller's body as the server reads it. What goes wrong in reading is the caller's doing (a chunk that isn't one, an early end),
/// and must not be taken for a fault of the upstream that the body is being sent to. A read that is
/// cancelled loses nothing: whoever reads next, the server itself too, goes on where it was.
/// </summary>
/// <param name="source">The body.</param>
/// <param name="callout">Whose it is.</param>
internal sealed class CallerBody(PipeReader source, Callout callout) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var piece = await ReadAsync(cancellationToken);
                var count = (int)Math.Min(piece.Buffer.Length, buffer.Length);
                var read = piece.Buffer.Slice(0, count);
                read.CopyTo(buffer.Span);
                source.AdvanceTo(read.End);
                if (count > 0 || piece.IsCompleted || buffer.IsEmpty)
                {
                    callout.BytesIn += count;
                    return count;
                }
            }
        }
        catch (IOException exception)
        {
            throw new CalloutAbortedException(new VaultError(ErrorCodes.InvalidRequest, "The body is not well-formed, or ended early."), exception);
        }
    }

    // Without the token: over HTTP/1.1 the server can't read on behind a read that a token ended, and resets the connection.
    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken)
    {
        var reading = source.ReadAsync(CancellationToken.None);
        if (reading.IsCompleted)
        {
            return await reading;
        }

        using var cancelling = cancellationToken.UnsafeRegister(static reader => Cancel((PipeReader)reader!), source);
        return await reading;
    }

    private static void Cancel(PipeReader reader)
    {
        try
        {
            reader.CancelPendingRead();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A boundary: the server's reader throws where the request was just aborted. The read fails by itself then, and who cancels, a timer or another request's end, must not.
        }
    }
}
