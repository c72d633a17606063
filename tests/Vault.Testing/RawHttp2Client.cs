using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Vault.Testing;

/// <summary>
/// A client that writes exactly these frames of HTTP/2 without TLS, whatever RFC 9113 says about them, and keeps the frames that come
/// back. Header blocks are literals (RFC 7541 section 6.2.2), so that every byte of a name or value can be chosen.
/// </summary>
public sealed class RawHttp2Client : IAsyncDisposable
{
    private const int FrameHead = 9;
    private readonly TcpClient _client = new() { NoDelay = true };
    private NetworkStream _stream = null!;

    /// <summary>A frame as it came.</summary>
    public sealed record Frame(byte Type, byte Flags, int Stream, byte[] Payload)
    {
        /// <summary>The status of a HEADERS frame that begins with one; 0 for others.</summary>
        public int Status => Type != 1 || Payload.Length == 0 ? 0 : Payload[0] switch
        {
            0x88 => 200,
            0x89 => 204,
            0x8A => 206,
            0x8B => 304,
            0x8C => 400,
            0x8D => 404,
            0x8E => 500,
            _ when Payload.Length >= 5 && Payload[1] == 3 && int.TryParse(Encoding.ASCII.GetString(Payload, 2, 3), out var status) => status,
            _ => 0,
        };
    }

    /// <summary>Whether the server has closed the connection.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Connects and opens the conversation with the preface and empty settings.</summary>
    public static async Task<RawHttp2Client> ConnectAsync(int port)
    {
        var client = new RawHttp2Client();
        await client._client.ConnectAsync("127.0.0.1", port);
        client._stream = client._client.GetStream();
        await client.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await client.WriteAsync(FrameOf(4, 0, 0, []));
        return client;
    }

    /// <summary>The bytes of a frame.</summary>
    public static byte[] FrameOf(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHead + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(FrameHead));
        return frame;
    }

    /// <summary>The bytes of a header block; names and values are Latin-1.</summary>
    public static byte[] Block(params IEnumerable<(string Name, string Value)> headers)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            block.WriteByte(0);
            WriteText(name);
            WriteText(value);
        }

        return block.ToArray();

        void WriteText(string text)
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            if (bytes.Length < 127)
            {
                block.WriteByte((byte)bytes.Length);
            }
            else
            {
                block.WriteByte(127);
                var rest = bytes.Length - 127;
                for (; rest >= 128; rest >>= 7)
                {
                    block.WriteByte((byte)((rest & 127) | 128));
                }

                block.WriteByte((byte)rest);
            }

            block.Write(bytes);
        }
    }

    /// <summary>Writes bytes; false where the server has closed the connection.</summary>
    public async Task<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Reads frames until one ends what was asked, the server closes, or half a minute is over; settings are acknowledged.</summary>
    public async Task<IReadOnlyList<Frame>> ReadUntilAsync(Func<Frame, bool> isLast)
    {
        using var time = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var frames = new List<Frame>();
        var head = new byte[FrameHead];
        try
        {
            while (true)
            {
                await _stream.ReadExactlyAsync(head, time.Token);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
                await _stream.ReadExactlyAsync(payload, time.Token);
                var frame = new Frame(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
                frames.Add(frame);
                if (frame is { Type: 4, Flags: 0 })
                {
                    await WriteAsync(FrameOf(4, 1, 0, []));
                }

                if (isLast(frame))
                {
                    return frames;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or EndOfStreamException)
        {
            IsClosed = true;
            return frames;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
