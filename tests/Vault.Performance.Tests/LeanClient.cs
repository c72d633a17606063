using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.Performance.Tests;

/// <summary>An app that allocates nothing per request: one connection, one request after the other, made beforehand.</summary>
internal sealed class LeanClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Connects.</summary>
    public LeanClient(int port, string request)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _socket.ReceiveTimeout = 30_000;
        _request = Encoding.Latin1.GetBytes(request);
    }

    /// <summary>Sends the request so many times and waits for each answer, which has to be a 200.</summary>
    public void Send(int times)
    {
        for (var index = 0; index < times; index++)
        {
            _socket.Send(_request, SocketFlags.None);
            var filled = 0;
            do
            {
                var count = _socket.Receive(_buffer.AsSpan(filled), SocketFlags.None);
                if (count == 0)
                {
                    throw new InvalidOperationException("The vault closed the connection.");
                }

                filled += count;
            }
            while (!LeanHttp.IsWhole(_buffer.AsSpan(0, filled)));

            if (!_buffer.AsSpan().StartsWith("HTTP/1.1 200 "u8))
            {
                throw new InvalidOperationException(Encoding.Latin1.GetString(_buffer, 0, filled));
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _socket.Dispose();
}
