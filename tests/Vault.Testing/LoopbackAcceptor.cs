using System.Net;
using System.Net.Sockets;

namespace Vault.Testing;

/// <summary>Accepts connections on a free port until it is disposed of.</summary>
internal sealed class LoopbackAcceptor : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Starts.</summary>
    /// <param name="address">What it listens on.</param>
    /// <param name="serve">Owns each connection; its token ends with this.</param>
    public LoopbackAcceptor(IPAddress address, Func<TcpClient, CancellationToken, Task> serve)
    {
        _listener = new TcpListener(address, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(serve);
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>How many connections were accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync(Func<TcpClient, CancellationToken, Task> serve)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                Interlocked.Increment(ref _connections);
                _ = serve(client, _end.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // It ends.
                return;
            }
        }
    }
}
