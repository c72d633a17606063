using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Vault.Testing;

/// <summary>A forward proxy on 127.0.0.3 that knows <c>CONNECT</c> and nothing else, and keeps what it was asked.</summary>
public sealed class ConnectProxy : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly TcpRelay _relay;

    private ConnectProxy() => _relay = TcpRelay.Start(BeginAsync, IPAddress.Parse("127.0.0.3"));

    /// <summary>What it answers; anything else than a 200 closes the connection.</summary>
    public string Answer { get; set; } = "HTTP/1.1 200 Connection established\r\n\r\n";

    /// <summary>The head of each request, in order.</summary>
    public IReadOnlyList<string> Heads => [.. _heads];

    /// <summary>How many TCP connections were accepted.</summary>
    public int Connections => _relay.Connections;

    /// <summary>The port it listens on.</summary>
    public int Port => _relay.Port;

    /// <summary>Starts one.</summary>
    public static ConnectProxy Start() => new();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private async Task<IPEndPoint?> BeginAsync(Stream stream)
    {
        // A byte at a time: what comes after the head is for the other side.
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        _heads.Enqueue(head.ToString());
        await stream.WriteAsync(Encoding.Latin1.GetBytes(Answer));
        return Answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? IPEndPoint.Parse(head.ToString().Split(' ')[1]) : null;
    }
}
