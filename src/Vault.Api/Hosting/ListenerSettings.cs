using System.Globalization;
using System.Net;

namespace Vault.Api.Hosting;

/// <summary>
/// Judges the addresses to listen on. At some of those that are none the server would throw without saying which setting it was, and it
/// takes a host that it doesn't know, as a mistyped address is one, for all addresses of the machine.
/// </summary>
internal static class ListenerSettings
{
    private const string Problem = "must be http or https addresses to listen on, as in http://localhost:5080, http://[::1]:5080 or http://0.0.0.0:8080; "
        + "their hosts are addresses of this machine, IPv6 in brackets, localhost or below it, * or +, and no other names.";

    /// <summary>Judges all that ASP.NET Core's own settings name.</summary>
    /// <exception cref="VaultSettingException">One can't be listened on.</exception>
    public static void Judge(IConfiguration configuration)
    {
        if (!Parts(configuration["urls"]).All(IsAddress))
        {
            throw new VaultSettingException("urls (ASPNETCORE_URLS)", Problem);
        }

        foreach (var (key, variable) in new[] { ("http_ports", "ASPNETCORE_HTTP_PORTS"), ("https_ports", "ASPNETCORE_HTTPS_PORTS") })
        {
            if (!Parts(configuration[key]).All(part => ushort.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                throw new VaultSettingException($"{key} ({variable})", "must be numbers of ports.");
            }
        }

        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            if (endpoint["Url"] is not { } url || !IsAddress(url))
            {
                throw new VaultSettingException(endpoint.Path + ":Url", Problem);
            }
        }
    }

    /// <summary>The parts of a list of addresses or ports; the server itself would take white space around one for a part of it.</summary>
    public static string[] Parts(string? setting) => (setting ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Whether the server takes an address for the one of a socket of TCP, and listens nowhere else than it says.</summary>
    public static bool IsTcp(string url) => Parse(url) is { IsUnixPipe: false, IsNamedPipe: false } address && IsHost(address.Host)

        // A free port is found for an address, not for the two that localhost stands for.
        && address.Port is >= 0 and <= ushort.MaxValue && (address.Port > 0 || !ListenerAddress.IsLocalhost(address.Host));

    private static bool IsAddress(string url) => Parse(url) is { IsUnixPipe: true } or { IsNamedPipe: true } || IsTcp(url);

    // As the server reads it; what follows a colon and is no port is a part of the host.
    private static BindingAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme.ToUpperInvariant() is "HTTP" or "HTTPS" && address.PathBase.Length == 0 ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsHost(string host) => host is "*" or "+" || ListenerAddress.IsLocalhost(host)
        || (IPAddress.TryParse(host, out _) && (host.Contains(':', StringComparison.Ordinal) ? host[0] == '[' && host[^1] == ']' : host.Split('.').Length == 4));
}
