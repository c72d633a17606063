using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>
/// A connection to an upstream that sees what has come at once. Before a pooled connection is used again, the client starts a read:
/// where that ends immediately, somebody sent bytes that nobody asked for, or closed, and the connection is given up. The platform's
/// own read may say "not yet" of bytes that lie there already (it waits for the event loop to tell), and they would be the answer to
/// the next caller's request.
/// </summary>
internal sealed class UpstreamStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || cancellationToken.IsCancellationRequested)
        {
            return base.ReadAsync(buffer, cancellationToken);
        }

        try
        {
            return Socket.Poll(0, SelectMode.SelectRead) ? ValueTask.FromResult(Socket.Receive(buffer.Span)) : base.ReadAsync(buffer, cancellationToken);
        }
        catch (SocketException exception)
        {
            return ValueTask.FromException<int>(new IOException("The connection to the upstream broke off.", exception));
        }
    }
}
