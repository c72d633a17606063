using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.Testing;

/// <summary>
/// A TCP listener on loopback that counts who connects, keeps every byte that arrives, and answers with whatever bytes the test wants: a
/// service that breaks the rules of HTTP.
/// </summary>
public sealed class RawUpstream : IAsyncDisposable
{
    private readonly LoopbackAcceptor _acceptor;
    private readonly ConcurrentQueue<MemoryStream> _received = new();
    private readonly TaskCompletionSource _allClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;

    private RawUpstream() => _acceptor = new LoopbackAcceptor(IPAddress.Loopback, ServeAsync);

    /// <summary>What is written once the head of a request is there: the stream, and the head with its empty line. Default: 200 with <c>ok</c>, once per request.</summary>
    public Func<Stream, string, Task> Answer { get; set; } = static (stream, _) => stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray()).AsTask();

    /// <summary>How many TCP connections were accepted.</summary>
    public int Connections => _acceptor.Connections;

    /// <summary>Ends when the other side has closed every connection that it made, for the first time.</summary>
    public Task AllClosed => _allClosed.Task;

    /// <summary>The port it listens on.</summary>
    public int Port => _acceptor.Port;

    /// <summary>Like <c>http://127.0.0.1:12345</c>.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Everything that arrived, as Latin-1, a text a connection.</summary>
    public IReadOnlyList<string> Received
    {
        get
        {
            return [.. _received.Select(memory =>
            {
                lock (memory)
                {
                    return Encoding.Latin1.GetString(memory.GetBuffer(), 0, (int)memory.Length);
                }
            })];
        }
    }

    /// <summary>Starts one.</summary>
    public static RawUpstream Start() => new();

    /// <summary>Answers every request with these bytes and closes the connection.</summary>
    public void AnswerWith(string bytes, bool close = true) => Answer = async (stream, _) =>
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));
        if (close)
        {
            stream.Close();
        }
    };

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        using var owned = client;
        Interlocked.Increment(ref _open);
        var memory = new MemoryStream();
        _received.Enqueue(memory);
        var buffer = new byte[64 * 1024];
        var answered = 0;
        try
        {
            var stream = client.GetStream();
            while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                string text;
                lock (memory)
                {
                    memory.Write(buffer, 0, count);
                    text = Encoding.Latin1.GetString(memory.GetBuffer(), answered, (int)memory.Length - answered);
                }

                var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end >= 0)
                {
                    answered += text.Length;
                    await Answer(stream, text[..(end + 4)]);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The other side, or the end of the test, closed it.
        }
        finally
        {
            if (Interlocked.Decrement(ref _open) == 0)
            {
                _allClosed.TrySetResult();
            }
        }
    }
}
