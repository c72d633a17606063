using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>A connection whose bytes nobody here reads: what a client says goes to whom it asked for, and back.</summary>
public sealed class RawTunnel : IAsyncDisposable
{
    private readonly Stream _stream;

    internal RawTunnel(Stream stream) => _stream = stream;

    /// <summary>Both directions.</summary>
    public Stream Stream => _stream;

    /// <summary>Nothing more will be sent; what comes is still read.</summary>
    public void EndSending()
    {
        try
        {
            (_stream as NetworkStream)?.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other end was faster: there is nothing left to end.
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
