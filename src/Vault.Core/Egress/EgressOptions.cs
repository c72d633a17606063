using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Primitives;

namespace Vault.Core.Egress;

/// <summary>The settings under <c>Vault:Egress</c>, read and checked.</summary>
/// <param name="AllowedNetworks">What may be reached although it is special. Default: none; in Development, loopback.</param>
/// <param name="AllowHttp">Whether a named credential, and where a sign-in goes, may be <c>http</c>. Default: false; in Development, true.</param>
public sealed record EgressOptions(IReadOnlyList<IPNetwork> AllowedNetworks, bool AllowHttp)
{
    /// <summary>The name of the section.</summary>
    public const string Section = "Vault:Egress";

    /// <summary>A proxy for upstream traffic. Default: none.</summary>
    public EgressProxy? Proxy { get; init; }

    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static EgressOptions Read(IConfiguration configuration, bool isDevelopment)
    {
        var section = configuration.GetSection(Section);
        List<string> failures = [];
        IReadOnlyList<IPNetwork> networks = Networks(configuration, failures)
            ?? [.. isDevelopment ? Loopback : []];
        var allowHttp = isDevelopment;
        var text = section["AllowHttp"];
        if (!string.IsNullOrWhiteSpace(text) && !bool.TryParse(text, out allowHttp))
        {
            failures.Add($"{Section}:AllowHttp must be true or false.");
        }

        // The message never repeats the setting: it may hold a password.
        var proxyText = section["Proxy"];
        var proxy = string.IsNullOrWhiteSpace(proxyText) ? null : EgressProxy.Parse(proxyText.Trim());
        if (proxy is null && !string.IsNullOrWhiteSpace(proxyText))
        {
            failures.Add($"{Section}:Proxy must be http://host:port, with user:password@ before the host where the proxy wants it (percent-encoded where need be).");
        }

        return failures.Count == 0
            ? new EgressOptions(networks, allowHttp) { Proxy = proxy }
            : throw new OptionsValidationException(Section, typeof(EgressOptions), failures);
    }

    private static List<IPNetwork>? Networks(IConfiguration configuration, List<string> failures)
    {
        if (SettingList.Read(configuration, Section + ":AllowedNetworks") is not { } entries)
        {
            return null;
        }

        List<IPNetwork> networks = [];
        foreach (var entry in entries)
        {
            if (Read(entry) is { } network)
            {
                networks.Add(network);
            }
            else
            {
                failures.Add($"{Section}:AllowedNetworks: '{entry}' is neither an address nor a network such as 10.1.0.0/16.");
            }
        }

        return networks;
    }

    // Written in full, so that it means to the vault what it means to its reader: 10.1, 010.0.0.1 and 0xA.0.0.1 are addresses to some.
    private static IPNetwork? Read(string entry)
    {
        var slash = entry.IndexOf('/', StringComparison.Ordinal);
        var text = slash < 0 ? entry : entry[..slash];
        if (!IPAddress.TryParse(text, out var address)
            || (address.AddressFamily is AddressFamily.InterNetwork ? address.ToString() != text : text.Contains('%', StringComparison.Ordinal))
            || !IPNetwork.TryParse(slash < 0 ? $"{text}/{address.GetAddressBytes().Length * 8}" : entry, out var network))
        {
            return null;
        }

        // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
        return network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
            : network;
    }
}
