using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Vault.Testing;

/// <summary>A service on loopback that answers each request without a body in exactly these frames of HTTP/2 without TLS, whatever RFC 9113 says about them.</summary>
public sealed class RawHttp2Upstream : IAsyncDisposable
{
    private const int Preface = 24;
    private const int FrameHead = 9;
    private readonly LoopbackAcceptor _acceptor;

    private RawHttp2Upstream() => _acceptor = new LoopbackAcceptor(IPAddress.Loopback, ServeAsync);

    /// <summary>Like <c>http://127.0.0.1:12345</c>.</summary>
    public string Url => $"http://127.0.0.1:{_acceptor.Port}";

    /// <summary>The frames that answer the request of a stream; <see cref="RawHttp2Client.FrameOf"/> makes them.</summary>
    public Func<int, byte[]> Answer { get; set; } = static _ => [];

    /// <summary>Starts one.</summary>
    public static RawHttp2Upstream Start() => new();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        using var owned = client;
        var stream = client.GetStream();
        var head = new byte[FrameHead];
        try
        {
            await stream.ReadExactlyAsync(new byte[Preface], cancellationToken);
            await stream.WriteAsync(RawHttp2Client.FrameOf(4, 0, 0, []), cancellationToken);
            while (true)
            {
                await stream.ReadExactlyAsync(head, cancellationToken);
                await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8], cancellationToken);
                var (type, flags, number) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue);
                await stream.WriteAsync(type == 1 ? Answer(number) : type == 4 && flags == 0 ? RawHttp2Client.FrameOf(4, 1, 0, []) : [], cancellationToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The other side, or the end of the test, closed it.
        }
    }
}
