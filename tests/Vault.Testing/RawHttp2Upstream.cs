using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Vault.Testing;

/// <summary>A service on loopback that answers each request without a body in exactly these frames of HTTP/2 without TLS, whatever RFC 9113 says about them.</summary>
public sealed class RawHttp2Upstream : IAsyncDisposable
{
    private const int Preface = 24;
    private const int FrameHead = 9;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    private RawHttp2Upstream()
    {
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>Like <c>http://127.0.0.1:12345</c>.</summary>
    public string Url { get; }

    /// <summary>The frames that answer the request of a stream; <see cref="RawHttp2Client.FrameOf"/> makes them.</summary>
    public Func<int, byte[]> Answer { get; set; } = static _ => [];

    /// <summary>Starts one.</summary>
    public static RawHttp2Upstream Start() => new();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        var stream = client.GetStream();
        var head = new byte[FrameHead];
        try
        {
            await stream.ReadExactlyAsync(new byte[Preface], _end.Token);
            await stream.WriteAsync(RawHttp2Client.FrameOf(4, 0, 0, []), _end.Token);
            while (true)
            {
                await stream.ReadExactlyAsync(head, _end.Token);
                await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8], _end.Token);
                var (type, flags, number) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue);
                await stream.WriteAsync(type == 1 ? Answer(number) : type == 4 && flags == 0 ? RawHttp2Client.FrameOf(4, 1, 0, []) : [], _end.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The other side, or the end of the test, closed it.
        }
    }
}
