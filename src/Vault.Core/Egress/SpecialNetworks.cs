using System.Net;
using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>Addresses that aren't plain hosts of the internet.</summary>
/// <remarks>Source: the IANA special-purpose registries of both families, and the forms in which IPv6 embeds IPv4.</remarks>
internal static class SpecialNetworks
{
    // What isn't global unicast (2000::/3) is special as a whole, save nothing: so new registrations outside it are covered.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] V4 = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    // Teredo, benchmarking and ORCHID are in 2001::/23; then documentation, 6to4, direct delegation AS112, documentation.
    private static readonly IPNetwork[] V6 = Parse(
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    private static readonly IPAddress[] Metadata =
    [
        .. new[]
        {
            "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.253", "169.254.169.123", "168.63.129.16", "100.100.100.200",
            "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe",
        }.Select(IPAddress.Parse),
    ];

    /// <summary>Whether a cloud hands out credentials here. Takes an unmapped address.</summary>
    public static bool IsMetadata(IPAddress address) => Metadata.Contains(address) || (Embedded(address) is { } v4 && Metadata.Contains(v4));

    /// <summary>Whether it is in a special range. Takes an unmapped address.</summary>
    public static bool IsSpecial(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => V4.Any(network => network.Contains(address)),
        AddressFamily.InterNetworkV6 => !GlobalUnicast.Contains(address) || V6.Any(network => network.Contains(address)) || IsIsatap(address),
        _ => true,
    };

    // ISATAP: an interface id of 0000:5efe or 0200:5efe, then an IPv4 address.
    private static bool IsIsatap(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
    }

    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        // 6to4 has it after its prefix, Teredo inverted at the end; all others at the end.
        var bytes = address.GetAddressBytes();
        return (bytes[0], bytes[1], bytes[2], bytes[3]) switch
        {
            (0x20, 0x02, _, _) => new IPAddress(bytes.AsSpan(2, 4)),
            (0x20, 0x01, 0, 0) => new IPAddress([.. bytes.Skip(12).Select(b => (byte)~b)]),
            _ => new IPAddress(bytes.AsSpan(12, 4)),
        };
    }

    private static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
