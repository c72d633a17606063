using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Vault.Testing;

/// <summary>A client that writes exactly these bytes, whatever HTTP says, and reads what comes until the server closes or the time is up.</summary>
public static class RawClient
{
    /// <summary>What came back.</summary>
    /// <param name="Text">All bytes, as Latin-1.</param>
    /// <param name="IsClosed">Whether the server closed the connection by itself.</param>
    public sealed record RawAnswer(string Text, bool IsClosed)
    {
        /// <summary>The status of each answer on the connection, in order.</summary>
        public IReadOnlyList<int> Statuses => [.. Text.Split("HTTP/1.1 ").Skip(1).Select(part => int.TryParse(part.AsSpan(0, Math.Min(3, part.Length)), out var status) ? status : 0)];

        /// <summary>The body of the last answer, its chunks put together as far as they came.</summary>
        public string Body
        {
            get
            {
                var start = Text.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal);
                var end = start < 0 ? -1 : Text.IndexOf("\r\n\r\n", start, StringComparison.Ordinal);
                if (end < 0)
                {
                    return "";
                }

                var rest = Text[(end + 4)..];
                if (!Text[start..end].Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
                {
                    return rest;
                }

                var body = new StringBuilder();
                while (rest.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var line && int.TryParse(rest[..line], NumberStyles.HexNumber, null, out var size) && size > 0)
                {
                    body.Append(rest.AsSpan(line + 2, Math.Min(size, rest.Length - line - 2)));
                    rest = rest[Math.Min(rest.Length, line + 4 + size)..];
                }

                return body.ToString();
            }
        }
    }

    /// <summary>Sends the parts one after the other, each as a write of its own.</summary>
    /// <param name="address">Of the vault under test.</param>
    /// <param name="until">Ends the reading early: given all that came so far; null: until closed or half a minute is over.</param>
    /// <param name="parts">Latin-1 text.</param>
    public static async Task<RawAnswer> SendAsync(Uri address, Func<string, bool>? until, params string[] parts)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        using var time = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var text = new StringBuilder();
        try
        {
            foreach (var part in parts)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(part), time.Token);
            }

            var buffer = new byte[64 * 1024];
            while (until?.Invoke(text.ToString()) is not true)
            {
                var count = await stream.ReadAsync(buffer, time.Token);
                if (count == 0)
                {
                    return new RawAnswer(text.ToString(), IsClosed: true);
                }

                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: closed without a word.
            return new RawAnswer(text.ToString(), IsClosed: true);
        }
        catch (OperationCanceledException)
        {
            // The time is up and the connection is still open.
        }

        return new RawAnswer(text.ToString(), IsClosed: false);
    }
}
