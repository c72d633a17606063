using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Vault.Testing;

/// <summary>Finds a port that nobody listens on.</summary>
public static class FreePort
{
    // Below those that the system gives to outgoing connections (32768 on Linux): one of these may take a port between its finding and its use.
    private const int From = 20_000;
    private const int To = 32_000;
    private static readonly ConcurrentDictionary<int, bool> Found = new();

    /// <summary>One on 127.0.0.1, never the same twice.</summary>
    public static int Find()
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var port = RandomNumberGenerator.GetInt32(From, To);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                if (Found.TryAdd(port, true))
                {
                    return port;
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another one.
            }
        }
    }
}
