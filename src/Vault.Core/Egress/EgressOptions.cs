using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Vault.Core.Egress;

/// <summary>The settings under <c>Vault:Egress</c>, read and checked.</summary>
/// <param name="AllowedNetworks">What may be reached although it is special. Default: none; in Development, loopback.</param>
/// <param name="AllowHttp">Whether a named credential may be <c>http</c>. Default: false; in Development, true.</param>
public sealed record EgressOptions(IReadOnlyList<IPNetwork> AllowedNetworks, bool AllowHttp)
{
    /// <summary>The name of the section.</summary>
    public const string Section = "Vault:Egress";

    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static EgressOptions Read(IConfiguration configuration, bool isDevelopment)
    {
        var section = configuration.GetSection(Section);
        List<string> failures = [];
        IReadOnlyList<IPNetwork> networks = Networks(section.GetSection("AllowedNetworks"), failures)
            ?? [.. isDevelopment ? Loopback : []];
        var allowHttp = isDevelopment;
        var text = section["AllowHttp"];
        if (!string.IsNullOrWhiteSpace(text) && !bool.TryParse(text, out allowHttp))
        {
            failures.Add($"{Section}:AllowHttp must be true or false.");
        }

        return failures.Count == 0
            ? new EgressOptions(networks, allowHttp)
            : throw new OptionsValidationException(Section, typeof(EgressOptions), failures);
    }

    private static List<IPNetwork>? Networks(IConfigurationSection setting, List<string> failures)
    {
        var children = setting.GetChildren().ToArray();
        if (setting.Value is null && children.Length == 0)
        {
            return null;
        }

        List<IPNetwork> networks = [];
        var entries = (setting.Value ?? "").Split(',').Concat(children.SelectMany(child => (child.Value ?? "").Split(',')));
        foreach (var entry in entries.Select(entry => entry.Trim()).Where(entry => entry.Length > 0))
        {
            if (IPNetwork.TryParse(entry, out var network))
            {
                networks.Add(network);
            }
            else if (!entry.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(entry, out var address))
            {
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else
            {
                failures.Add($"{Section}:AllowedNetworks: '{entry}' is neither an address nor a network such as 10.1.0.0/16.");
            }
        }

        return networks;
    }
}
