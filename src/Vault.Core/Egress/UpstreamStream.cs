using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Vault.Core.Egress;

/// <summary>
/// A connection to an upstream that sees what has come at once. Before a pooled connection is used again, the client starts a read:
/// where that ends immediately, somebody sent bytes that nobody asked for, or closed, and the connection is given up. The platform's
/// own read may say "not yet" of bytes that lie there already (it waits for the event loop to tell), and they would be the answer to
/// the next caller's request.
/// <para>
/// An upstream may answer before it has read all of a body, and close (RFC 9112 section 9.6): a 401 or 413 to an upload, say. The client looks for an
/// answer only once everything is written, and drops it where a write fails. So what is written after the upstream closed goes nowhere, for a
/// while, as if it were on its way.
/// </para>
/// </summary>
internal sealed class UpstreamStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    // Who goes on sending for longer is told that upstream is gone, answer or not.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(10);

    /// <summary>Whether what is written is a request's, and an answer to it may come before its end; of anything else nobody may take the end for whole.</summary>
    public bool MayAnswerEarly { get; set; } = true;

    private IOException? _closed;
    private long _closedAt;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || cancellationToken.IsCancellationRequested)
        {
            return base.ReadAsync(buffer, cancellationToken);
        }

        try
        {
            if (!Socket.Poll(0, SelectMode.SelectRead))
            {
                return base.ReadAsync(buffer, cancellationToken);
            }

            // After a reset the end says nothing: there may have been more.
            var count = Socket.Receive(buffer.Span);
            return count == 0 && _closed is { InnerException: SocketException { SocketErrorCode: not SocketError.Shutdown } }
                ? ValueTask.FromException<int>(_closed)
                : ValueTask.FromResult(count);
        }
        catch (SocketException exception)
        {
            return ValueTask.FromException<int>(new IOException("The connection to the upstream broke off.", exception));
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_closed is not null)
        {
            return Stopwatch.GetElapsedTime(_closedAt) < LongestEnd ? ValueTask.CompletedTask : ValueTask.FromException(_closed);
        }

        var writing = base.WriteAsync(buffer, cancellationToken);
        return writing.IsCompletedSuccessfully ? writing : WriteAsync(writing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(ValueTask writing)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (IOException exception) when (MayAnswerEarly && exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown })
        {
            (_closed, _closedAt) = (exception, Stopwatch.GetTimestamp());
        }
    }
}
