using System.Globalization;
using System.Text;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Api.ForwardProxy;

/// <summary>The head of a <c>CONNECT</c> request, RFC 9110 section 9.3.6; read more strictly than any server would.</summary>
internal sealed class ConnectHead
{
    private const string Method = "CONNECT ";

    // As sent.
    private readonly string _authority;

    private ConnectHead(string authority, Uri origin, IReadOnlyList<string> proxyAuthorization)
    {
        _authority = authority;
        Host = (UrlOrigin.HostOf(origin) ?? origin.Host).ToLowerInvariant();
        Port = origin.Port;
        ProxyAuthorization = proxyAuthorization;
    }

    /// <summary>What every such head begins with.</summary>
    public static ReadOnlySpan<byte> Beginning => "CONNECT "u8;

    /// <summary>Host and port in the one form by which they are recorded; an IPv6 address in brackets.</summary>
    public string Target => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>The host in punycode and lower case; an IPv6 address without brackets.</summary>
    public string Host { get; }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>The values of <c>Proxy-Authorization</c>.</summary>
    public IReadOnlyList<string> ProxyAuthorization { get; }

    /// <summary>The same request as the server behind takes it: nothing on it but what it is judged by.</summary>
    public byte[] ToPlainHead()
    {
        var text = new StringBuilder().Append(Method).Append(_authority).Append(" HTTP/1.1\r\nHost: ").Append(_authority).Append("\r\n");
        foreach (var value in ProxyAuthorization)
        {
            text.Append("Proxy-Authorization: ").Append(value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>Reads one; null where it isn't plain: a server, which may read it otherwise, answers it then, and opens nothing.</summary>
    /// <param name="head">From its first byte to the empty line, without that.</param>
    public static ConnectHead? Parse(ReadOnlySpan<byte> head)
    {
        var lines = Encoding.Latin1.GetString(head).Split("\r\n");
        var parts = lines[0].Split(' ');
        if (lines.Any(line => line.AsSpan().ContainsAny('\r', '\n')) || parts is not ["CONNECT", var authority, "HTTP/1.1" or "HTTP/1.0"] || Read(authority) is not { } origin)
        {
            return null;
        }

        var hosts = 0;
        List<string> proxyAuthorization = [];
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !WireText.IsName(line.AsSpan(0, colon)) || !WireText.IsValue(line))
            {
                return null;
            }

            var value = line[(colon + 1)..].Trim(' ', '\t');
            switch (line[..colon].ToUpperInvariant())
            {
                // Some clients leave the port out.
                case "HOST" when ++hosts > 1 || !IsSame(value, authority, origin):
                case "TRANSFER-ENCODING" or "UPGRADE":
                case "CONTENT-LENGTH" when value != "0":
                    return null;
                case "PROXY-AUTHORIZATION":
                    proxyAuthorization.Add(value);
                    break;
                default:
                    break;
            }
        }

        return new ConnectHead(authority, origin, proxyAuthorization);
    }

    /// <summary>Reads a host with its port, which always stands there; null where it is none, or could be read in two ways.</summary>
    public static Uri? Read(string authority)
    {
        // The server refuses what isn't ASCII before anybody is judged; so nobody may be judged by it here either.
        var colon = authority.LastIndexOf(':');
        return colon > 0 && WireText.IsTarget(authority) && IsPort(authority[(colon + 1)..]) && authority.IndexOfAny(['/', '?', '#']) < 0 && UrlOrigin.Read("https://" + authority) is { } origin
            ? origin
            : null;
    }

    private static bool IsPort(string port) => port is { Length: <= 5 } and not ['0', ..] && StrictRequestFraming.IsLength(port);

    private static bool IsSame(string host, string authority, Uri origin) =>
        host.Equals(authority, StringComparison.OrdinalIgnoreCase) || authority.Equals(host + ":" + origin.Port.ToString(CultureInfo.InvariantCulture), StringComparison.OrdinalIgnoreCase);
}
