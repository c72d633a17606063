using System.Net;
using System.Net.Sockets;

namespace Vault.Testing;

/// <summary>Accepts connections on loopback and hands their bytes on: a load balancer, or, with a conversation before that, a proxy.</summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly LoopbackAcceptor _acceptor;
    private readonly Func<Stream, Task<IPEndPoint?>> _begin;

    private TcpRelay(Func<Stream, Task<IPEndPoint?>> begin, IPAddress address)
    {
        _begin = begin;
        _acceptor = new LoopbackAcceptor(address, RelayAsync);
    }

    /// <summary>How many TCP connections were accepted.</summary>
    public int Connections => _acceptor.Connections;

    /// <summary>The port it listens on.</summary>
    public int Port => _acceptor.Port;

    /// <summary>Starts one.</summary>
    /// <param name="begin">Talks to whoever connected, and says where the connection goes; null: it is closed.</param>
    /// <param name="address">What it listens on; null: 127.0.0.1.</param>
    public static TcpRelay Start(Func<Stream, Task<IPEndPoint?>> begin, IPAddress? address = null) => new(begin, address ?? IPAddress.Loopback);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();

    private async Task RelayAsync(TcpClient client, CancellationToken cancellationToken)
    {
        using var owned = client;
        try
        {
            var near = client.GetStream();
            if (await _begin(near) is not { } to)
            {
                return;
            }

            using var other = new TcpClient();
            await other.ConnectAsync(to, cancellationToken);
            var far = other.GetStream();
            await Task.WhenAny(near.CopyToAsync(far, cancellationToken), far.CopyToAsync(near, cancellationToken));
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // One of the two, or the end of the test, closed it.
        }
    }
}
