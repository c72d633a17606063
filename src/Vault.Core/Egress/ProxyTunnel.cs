using System.Net;
using System.Text;

namespace Vault.Core.Egress;

/// <summary>Asks a proxy for a tunnel: <c>CONNECT</c>, RFC 9110 section 9.3.6.</summary>
internal static class ProxyTunnel
{
    private const int MostOfAHead = 8 * 1024;

    /// <summary>Asks; when it returns, what is written goes to the address. The address and nothing else is named: the proxy resolves nothing.</summary>
    /// <exception cref="HttpRequestException">The proxy refused (<see cref="HttpRequestException.StatusCode"/> says how), or speaks no HTTP.</exception>
    public static async Task OpenAsync(Stream stream, IPEndPoint address, EgressProxy proxy, CancellationToken cancellationToken)
    {
        var credentials = proxy.Credentials is { } secret ? $"Proxy-Authorization: Basic {secret.Reveal()}\r\n" : "";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n{credentials}\r\n"), cancellationToken).ConfigureAwait(false);

        var buffer = new byte[MostOfAHead];
        var length = 0;
        int end;
        do
        {
            var read = length == buffer.Length ? 0 : await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw Failed("The proxy answered with no head of HTTP.");
            }

            length += read;
            end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }
        while (end < 0);

        var status = StatusOf(buffer.AsSpan(0, end)) ?? throw Failed("The proxy doesn't speak HTTP.");
        if ((int)status is < 200 or > 299)
        {
            throw Failed("The proxy refused the connection.", status);
        }

        // In a tunnel for HTTP the client speaks first: whatever is there already is not the upstream's.
        if (length != end + 4)
        {
            throw Failed("The proxy sent more than its head.");
        }
    }

    /// <summary>What is thrown where the proxy, not the upstream, is why there is no connection.</summary>
    public static HttpRequestException Failed(string message, HttpStatusCode? status = null, Exception? inner = null) =>
        new(HttpRequestError.ProxyTunnelError, message, inner, status);

    private static HttpStatusCode? StatusOf(ReadOnlySpan<byte> head) =>
        head.Length >= 12
        && (head.StartsWith("HTTP/1.1 "u8) || head.StartsWith("HTTP/1.0 "u8))
        && !head[9..12].ContainsAnyExceptInRange((byte)'0', (byte)'9')
        && (head.Length == 12 || head[12] is (byte)' ' or (byte)'\r')
            ? (HttpStatusCode)int.Parse(head[9..12], System.Globalization.CultureInfo.InvariantCulture)
            : null;
}
