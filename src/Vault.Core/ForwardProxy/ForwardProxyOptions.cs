using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Vault.Core.ForwardProxy;

/// <summary>The settings under <c>Vault:ForwardProxy</c>, read and checked.</summary>
/// <param name="Url">Where the forward proxy listens, as in <c>http://localhost:5081</c>. Default: null, there is none.</param>
/// <param name="TunnelsUnmatched">Whether a host that no granted named credential leads to is reached by a tunnel that nothing is put into. Default: false, it is refused.</param>
public sealed record ForwardProxyOptions(Uri? Url, bool TunnelsUnmatched)
{
    /// <summary>The name of the section.</summary>
    public const string Section = "Vault:ForwardProxy";

    /// <summary>Whether there is a forward proxy.</summary>
    public bool IsOn => Url is not null;

    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static ForwardProxyOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        List<string> failures = [];
        Uri? url = null;
        if (section["Url"] is { } text && !string.IsNullOrWhiteSpace(text) && !TryReadUrl(text.Trim(), out url))
        {
            failures.Add($"{Section}:Url must be http with a port of its own and an address of this machine, as in http://localhost:5081 or http://0.0.0.0:5081.");
        }

        var unmatched = section["UnmatchedHosts"];
        bool? tunnels = string.IsNullOrWhiteSpace(unmatched) || unmatched.Trim().Equals("refuse", StringComparison.OrdinalIgnoreCase) ? false
            : unmatched.Trim().Equals("tunnel", StringComparison.OrdinalIgnoreCase) ? true
            : null;
        if (tunnels is null)
        {
            failures.Add($"{Section}:UnmatchedHosts must be refuse or tunnel.");
        }

        return failures.Count == 0
            ? new ForwardProxyOptions(url, tunnels is true)
            : throw new OptionsValidationException(Section, typeof(ForwardProxyOptions), failures);
    }

    // A name would be listened for on every address, which nobody who writes a name means.
    private static bool TryReadUrl(string text, out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url)
        && url is { Scheme: "http", PathAndQuery: "/", UserInfo.Length: 0, Fragment.Length: 0, Port: > 0 }
        && (url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(url.Host.Trim('[', ']'), out _));
}
