using System.Net;

namespace Vault.Api.Hosting;

/// <summary>Reads the addresses that the server says it listens on.</summary>
internal static class ListenerAddress
{
    private const string Below = ".localhost";

    /// <summary>Whether the server listens on the loopback addresses for this host: localhost, and any name below it (RFC 6761 section 6.3).</summary>
    public static bool IsLocalhost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (host.Length > Below.Length && host.EndsWith(Below, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The end point of <c>http://localhost:5080</c>, <c>http://[::]:5080</c>…; a name that isn't an address is any address. Null where there is no port: a Unix socket
    /// (<c>http://unix:/run/vault.sock</c>), a pipe.
    /// </summary>
    public static IPEndPoint? Parse(string address)
    {
        if (address.Contains("://unix:/", StringComparison.OrdinalIgnoreCase) || address.Contains("://pipe:/", StringComparison.OrdinalIgnoreCase)
            || !Uri.TryCreate(address.Replace("://+", "://0.0.0.0", StringComparison.Ordinal).Replace("://*", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri))
        {
            return null;
        }

        if (IsLocalhost(uri.Host))
        {
            return new IPEndPoint(IPAddress.Loopback, uri.Port);
        }

        return new IPEndPoint(IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) ? ip : IPAddress.Any, uri.Port);
    }
}
