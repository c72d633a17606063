using System.Globalization;

namespace Vault.Api.Hosting;

/// <summary>Judges the addresses that ASP.NET Core's own settings name: the server would throw at them without saying which setting it was.</summary>
internal static class ListenerSettings
{
    private const string Problem = "must be http or https addresses to listen on, as in http://localhost:5080 or http://0.0.0.0:8080.";

    /// <summary>Judges all of them.</summary>
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

    private static string[] Parts(string? setting) => (setting ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsAddress(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return false;
        }

        var isFile = address.IsUnixPipe || address.IsNamedPipe;

        // A free port is found for an address, not for the two that localhost stands for.
        return address.Scheme.ToUpperInvariant() is "HTTP" or "HTTPS" && address.PathBase.Length == 0
            && (isFile || (address.Port is >= 0 and <= ushort.MaxValue && (address.Port > 0 || !address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))));
    }
}
