using System.Net;
using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>Addresses that aren't plain hosts of the internet. All members take an address that isn't IPv4-mapped.</summary>
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

    // Where IPv6 has IPv4 in its last four bytes: IPv4-compatible, NAT64 (both prefixes, of the second its usual length).
    private static readonly IPNetwork[] EmbeddingAtTheEnd = Parse("::/96", "64:ff9b::/96", "64:ff9b:1::/48");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    // AWS (also ECS, EKS, its resolver and its clock), GCP, Azure, DigitalOcean…; GKE; Azure's wire server; Alibaba; Oracle;
    // Tencent; Scaleway; Volcano Engine.
    private static readonly HashSet<IPAddress> Metadata =
    [
        .. new[]
        {
            "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.253", "169.254.169.123", "169.254.169.252",
            "168.63.129.16", "100.100.100.200", "192.0.0.192", "169.254.0.23", "169.254.42.42", "100.96.0.96",
            "fd00:ec2::254", "fd00:ec2::23", "fd00:ec2::253", "fd00:ec2::123", "fd20:ce::254", "fd00:42::42",
        }.Select(IPAddress.Parse),
    ];

    /// <summary>Whether a cloud hands out credentials here, also where IPv6 holds such an address in any of the ways in which it can.</summary>
    public static bool IsMetadata(IPAddress address) => Metadata.Contains(address) || Layouts(address).Any(Metadata.Contains);

    /// <summary>Whether it is in a special range.</summary>
    public static bool IsSpecial(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => V4.Any(network => network.Contains(address)),
        AddressFamily.InterNetworkV6 => !GlobalUnicast.Contains(address) || V6.Any(network => network.Contains(address)) || IsIsatap(address.GetAddressBytes()),
        _ => true,
    };

    /// <summary>The IPv4 address to which an IPv6 address leads by its well-known form; null: it has none.</summary>
    public static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily is not AddressFamily.InterNetworkV6 || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.IPv6Loopback))
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4))
            : Teredo.Contains(address) ? Inverted(bytes)
            : IsIsatap(bytes) || EmbeddingAtTheEnd.Any(network => network.Contains(address)) ? new IPAddress(bytes.AsSpan(12, 4))
            : null;
    }

    // ISATAP: an interface id of 0000:5efe or 0200:5efe, then an IPv4 address.
    private static bool IsIsatap(byte[] bytes) => bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;

    // Teredo's client is at the end, inverted.
    private static IPAddress Inverted(byte[] bytes) => new([.. bytes.Skip(12).Select(b => (byte)~b)]);

    // A NAT64 may use a prefix of its own, of six lengths (RFC 6052 section 2.2; byte 8 is skipped): nobody can tell it from any
    // other network. A public address that has those four bytes by chance is lost; there are few.
    private static IEnumerable<IPAddress> Layouts(IPAddress address)
    {
        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
        {
            yield break;
        }

        var bytes = address.GetAddressBytes();
        yield return new IPAddress(bytes.AsSpan(12, 4));
        yield return new IPAddress(bytes.AsSpan(9, 4));
        yield return new IPAddress([bytes[7], bytes[9], bytes[10], bytes[11]]);
        yield return new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]]);
        yield return new IPAddress([bytes[5], bytes[6], bytes[7], bytes[9]]);
        yield return new IPAddress(bytes.AsSpan(4, 4));
        yield return new IPAddress(bytes.AsSpan(2, 4));
        yield return Inverted(bytes);
    }

    private static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
