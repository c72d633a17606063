using System.Net;
using System.Net.Sockets;

namespace Vault.Performance.Tests;

/// <summary>
/// A service that allocates nothing per request: a thread a connection, blocking sockets, one answer made beforehand. It trusts
/// its caller to send one request after the other, with <c>Content-Length</c> where there is a body.
/// </summary>
internal sealed class LeanUpstream : IDisposable
{
    private static readonly byte[] Answer = [.. "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"u8, .. Enumerable.Repeat((byte)'.', 100)];
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Starts on a free port of loopback.</summary>
    public LeanUpstream()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    /// <summary>Like <c>http://127.0.0.1:12345</c>.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    /// <inheritdoc />
    public void Dispose() => _listener.Dispose();

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                socket.NoDelay = true;
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // Disposed.
        }
    }

    private static void Serve(Socket socket)
    {
        using var owned = socket;
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            var count = socket.Receive(buffer.AsSpan(filled), SocketFlags.None, out var error);
            if (count <= 0 || error is not SocketError.Success)
            {
                return;
            }

            filled += count;
            if (LeanHttp.IsWhole(buffer.AsSpan(0, filled)))
            {
                filled = 0;
                if (socket.Send(Answer, SocketFlags.None, out error) != Answer.Length || error is not SocketError.Success)
                {
                    return;
                }
            }
        }
    }
}
