using System.Net;
using Microsoft.Extensions.Configuration;
using Vault.Core.Egress;
using Xunit;

namespace Vault.Core.Tests.Egress;

/// <summary>Address by address: the ends of every special range and their neighbours, the embeddings, the metadata services.</summary>
public sealed class AddressTableTests
{
    // + may be reached with no network opened, - may not. Each range: one before, first, last, one after.
    private const string Addresses = """
        # 0.0.0.0/8
        - 0.0.0.0
        - 0.255.255.255
        + 1.0.0.0
        # 10/8
        + 9.255.255.255
        - 10.0.0.0
        - 10.255.255.255
        + 11.0.0.0
        # 100.64/10
        + 100.63.255.255
        - 100.64.0.0
        - 100.127.255.255
        + 100.128.0.0
        # 127/8
        + 126.255.255.255
        - 127.0.0.0
        - 127.255.255.255
        + 128.0.0.0
        # 169.254/16
        + 169.253.255.255
        - 169.254.0.0
        - 169.254.255.255
        + 169.255.0.0
        # 172.16/12
        + 172.15.255.255
        - 172.16.0.0
        - 172.31.255.255
        + 172.32.0.0
        # 192.0.0/24
        + 191.255.255.255
        - 192.0.0.0
        - 192.0.0.255
        + 192.0.1.0
        # 192.0.2/24
        + 192.0.1.255
        - 192.0.2.0
        - 192.0.2.255
        + 192.0.3.0
        # 192.31.196/24
        + 192.31.195.255
        - 192.31.196.0
        - 192.31.196.255
        + 192.31.197.0
        # 192.52.193/24
        + 192.52.192.255
        - 192.52.193.0
        - 192.52.193.255
        + 192.52.194.0
        # 192.88.99/24
        + 192.88.98.255
        - 192.88.99.0
        - 192.88.99.255
        + 192.88.100.0
        # 192.168/16
        + 192.167.255.255
        - 192.168.0.0
        - 192.168.255.255
        + 192.169.0.0
        # 192.175.48/24
        + 192.175.47.255
        - 192.175.48.0
        - 192.175.48.255
        + 192.175.49.0
        # 198.18/15
        + 198.17.255.255
        - 198.18.0.0
        - 198.19.255.255
        + 198.20.0.0
        # 198.51.100/24
        + 198.51.99.255
        - 198.51.100.0
        - 198.51.100.255
        + 198.51.101.0
        # 203.0.113/24
        + 203.0.112.255
        - 203.0.113.0
        - 203.0.113.255
        + 203.0.114.0
        # 224/4
        + 223.255.255.255
        - 224.0.0.0
        - 239.255.255.255
        # 240/4
        - 240.0.0.0
        - 255.255.255.255
        # inside, and hosts that everybody knows
        - 0.0.0.1
        - 10.1.2.3
        - 100.100.1.1
        - 127.0.0.1
        - 127.1.1.1
        - 169.254.1.1
        - 172.20.10.1
        - 192.0.0.1
        - 192.0.0.8
        - 192.0.0.9
        - 192.0.0.10
        - 192.0.0.170
        - 192.0.2.1
        - 192.168.0.1
        - 192.168.255.254
        - 198.18.0.1
        - 198.51.100.1
        - 203.0.113.1
        - 224.0.0.1
        - 224.0.0.251
        - 232.1.1.1
        - 239.255.255.250
        - 240.0.0.1
        - 254.255.255.255
        - 255.255.255.254
        + 1.1.1.1
        + 8.8.8.8
        + 9.9.9.9
        + 93.184.216.34
        + 104.16.0.1
        + 100.0.0.1
        + 172.217.0.1
        + 192.1.1.1
        + 198.41.0.4
        + 199.7.83.42
        + 203.119.1.1
        + 223.5.5.5
        # metadata
        - 169.254.169.254
        - 169.254.170.2
        - 169.254.170.23
        - 169.254.169.253
        - 169.254.169.123
        - 169.254.169.252
        - 168.63.129.16
        - 100.100.100.200
        - 192.0.0.192
        - 169.254.0.23
        - 169.254.42.42
        - 100.96.0.96
        - fd00:ec2::254
        - fd00:ec2::23
        - fd00:ec2::253
        - fd00:ec2::123
        - fd20:ce::254
        - fd00:42::42
        - fe80::a9fe:a9fe
        - fd00:c1::a9fe:a9fe
        + 168.63.129.15
        + 168.63.129.17
        # 2001::/23
        + 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 2001::
        - 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff
        + 2001:200::
        # 2001:db8::/32
        + 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff
        - 2001:db8::
        - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
        + 2001:db9::
        # 2002::/16
        + 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 2002::
        - 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        + 2003::
        # 2620:4f:8000::/48
        + 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff
        - 2620:4f:8000::
        - 2620:4f:8000:ffff:ffff:ffff:ffff:ffff
        + 2620:4f:8001::
        # 3fff::/20
        + 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 3fff::
        - 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff
        + 3fff:1000::
        # outside 2000::/3 nothing is global unicast
        - ::
        - ::1
        - ::2
        - ::ffff:ffff:ffff:ffff
        - 64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff
        - 64:ff9b::
        - 64:ff9b::ffff:ffff
        - 64:ff9b:0:0:0:1::
        - 64:ff9b:1::
        - 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
        - 64:ff9b:2::
        - 64:ff9c::1
        - ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 100::
        - 100::ffff:ffff:ffff:ffff
        - 100:0:0:1::
        - 100:0:0:1:ffff:ffff:ffff:ffff
        - 100:0:0:2::
        - 200::1
        - 400::1
        - 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        + 2000::
        + 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 4000::
        - 5eff::1
        - 5f00::
        - 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - 5f01::
        - 8000::1
        - e000::1
        - fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - fc00::
        - fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - fe00::
        - fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - fe80::
        - fe80::1%3
        - febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - fec0::
        - feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        - ff00::
        - ff02::1
        - ff0e::1
        - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        # IPv4-mapped is IPv4: as its inside
        - ::ffff:0.0.0.0
        - ::ffff:127.0.0.1
        - ::ffff:7f00:1
        - ::ffff:10.0.0.1
        - 0:0:0:0:0:ffff:10.0.0.1
        - ::ffff:169.254.169.254
        - ::ffff:a9fe:a9fe
        - ::ffff:168.63.129.16
        - ::ffff:192.168.1.1
        - ::ffff:172.31.255.255
        + ::ffff:172.32.0.0
        + ::ffff:8.8.8.8
        + ::ffff:808:808
        # other embeddings: never by themselves, whatever is inside
        - ::127.0.0.1
        - ::10.0.0.1
        - ::169.254.169.254
        - ::8.8.8.8
        - ::7f00:1
        - ::ffff:0:127.0.0.1
        - ::ffff:0:8.8.8.8
        - 64:ff9b::127.0.0.1
        - 64:ff9b::a9fe:a9fe
        - 64:ff9b::8.8.8.8
        - 64:ff9b:1::127.0.0.1
        - 64:ff9b:1::8.8.8.8
        - 64:ff9b:1:a9fe:a9:fe00::
        - 2002:7f00:1::
        - 2002:a9fe:a9fe::
        - 2002:a00:1::1
        - 2002:808:808::1
        - 2001:0:4136:e378:8000:63bf:3fff:fdd2
        - 2001:0:a9fe:a9fe:0:0:0:0
        - 2001::5601:5601
        - 2001:0:808:808::f7f7:f7f7
        - 2a00:1450::5efe:127.0.0.1
        - 2a00:1450::5efe:10.0.0.1
        - 2a00:1450::200:5efe:10.0.0.1
        - 2a00:1450::5efe:8.8.8.8
        - fe80::5efe:10.0.0.1
        - 2a00:1450::a9fe:a9fe
        - 2606:4700:a9fe:a9fe::1
        - 2606:4700:aa:a9fe:a9:fe00::
        # special assignments inside 2001::/23, and public neighbours
        - 2001:1::1
        - 2001:1::2
        - 2001:1::3
        - 2001:2::1
        - 2001:3::1
        - 2001:4:112::1
        - 2001:10::1
        - 2001:20::1
        - 2001:30::1
        + 2001:4860:4860::8888
        + 2001:500:88:200::8
        + 2001:7fd::1
        + 2003:e000::1
        + 2400:cb00::1
        + 2606:4700:4700::1111
        + 2620:fe::fe
        + 2620:4f:7fff::1
        + 2800:3f0::1
        + 2a00:1450:4001:81b::200e
        + 2a02:26f0::1
        + 2c0f:fb50::1
        """;

    // What is opened; an address; whether it may be reached then.
    private const string Opened = """
        10.0.0.0/8 | 10.0.0.0 | +
        10.0.0.0/8 | 10.255.255.255 | +
        10.0.0.0/8 | 192.168.0.1 | -
        10.0.0.0/8 | ::ffff:10.1.2.3 | +
        10.0.0.0/8 | ::10.1.2.3 | -
        10.0.0.0/8 | 64:ff9b::10.1.2.3 | -
        10.0.0.0/8 | 64:ff9b:1::10.1.2.3 | -
        10.0.0.0/8 | 2002:a01:203::1 | -
        10.0.0.0/8 | 2a00:1450::5efe:10.1.2.3 | -
        10.0.0.0/8 | 2001:0:808:808::f5fe:fdfc | -
        ::ffff:10.0.0.0/104 | 10.1.2.3 | +
        ::ffff:10.0.0.0/104 | 11.1.2.3 | +
        ::ffff:10.0.0.0/104 | 127.0.0.1 | -
        ::/0 | 10.0.0.1 | -
        ::/0 | ::ffff:10.0.0.1 | -
        ::/0 | ::1 | +
        ::/0 | fd12::1 | +
        ::/0 | fe80::1%3 | +
        ::/0 | 64:ff9b::10.0.0.1 | -
        ::/0 | 64:ff9b::127.0.0.1 | -
        ::/0 | 64:ff9b::8.8.8.8 | +
        ::/0 | ::10.0.0.1 | -
        ::/0 | ::8.8.8.8 | +
        ::/0 | 2002:a00:1::1 | -
        ::/0 | 2002:808:808::1 | +
        ::/0 | 2a00:1450::5efe:10.0.0.1 | -
        ::/0 | 2a00:1450::5efe:8.8.8.8 | +
        ::/0 | 2001:0:808:808::f5ff:fffe | -
        ::/0 | 2001:0:808:808::f7f7:f7f7 | +
        ::/0 | 64:ff9b::a9fe:a9fe | -
        ::/0 | 64:ff9b:1::a9fe:a9fe | -
        ::/0 | 64:ff9b:1:a9fe:a9:fe00:: | -
        ::/0 | fd00:a9fe:a9fe::1 | -
        ::/0 | fd00:1:a9fe:a9fe:: | -
        ::/0 | fd00:0:aa:a9fe:a9:fe00:: | -
        ::/0 | fd00:0:0:a9:fe:a9fe:: | -
        ::/0 | fd00::fe:a9fe:a900:0 | +
        ::/0 | fd00:0:0:0:a9:fea9:fe00:0 | -
        ::/0 | fd00::a9fe:a9fe | -
        ::/0 | 2001::5601:5601 | -
        ::/0 | fd00:ec2::254 | -
        ::/0 | fd20:ce::254 | -
        ::/0,10.0.0.0/8 | 64:ff9b::10.0.0.1 | +
        ::/0,10.0.0.0/8 | 2002:a00:1::1 | +
        ::/0,10.0.0.0/8 | 2a00:1450::5efe:10.0.0.1 | +
        ::/0,0.0.0.0/0 | 64:ff9b::a9fe:a9fe | -
        ::/0,169.254.169.254 | 64:ff9b::a9fe:a9fe | -
        64:ff9b::/96 | 64:ff9b::8.8.8.8 | +
        64:ff9b::/96 | 64:ff9b::192.168.0.1 | -
        64:ff9b::/96,192.168.0.0/16 | 64:ff9b::192.168.0.1 | +
        64:ff9b::10.0.0.1 | 64:ff9b::10.0.0.1 | +
        64:ff9b::a9fe:a9fe | 64:ff9b::a9fe:a9fe | +
        fe80::/10 | fe80::1%3 | +
        fe80::/10 | fe80::a9fe:a9fe | -
        fe80::1 | fe80::1%3 | +
        fd00::/8 | fd00:ec2::254 | -
        fd00:ec2::/32 | fd00:ec2::254 | -
        fd00:ec2::254 | fd00:ec2::254 | +
        fd00:ec2::254/128 | fd00:ec2::254 | +
        0.0.0.0/0 | 169.254.169.254 | -
        0.0.0.0/0 | 168.63.129.16 | -
        0.0.0.0/0 | 100.100.100.200 | -
        0.0.0.0/0 | 192.0.0.192 | -
        0.0.0.0/0 | 255.255.255.255 | +
        0.0.0.0/0 | 127.0.0.1 | +
        0.0.0.0/0 | ::1 | -
        0.0.0.0/0 | ::7f00:1 | -
        169.254.0.0/16 | 169.254.1.1 | +
        169.254.0.0/16 | 169.254.169.254 | -
        169.254.0.0/16 | ::ffff:169.254.169.254 | -
        169.254.169.254 | 169.254.169.254 | +
        169.254.169.254/32 | 169.254.169.254 | +
        169.254.169.254 | ::ffff:169.254.169.254 | +
        169.254.169.254/31 | 169.254.169.254 | -
        168.63.129.16 | 168.63.129.16 | +
        192.168.0.7,::1 | ::1 | +
        192.168.0.7 | 192.168.0.7 | +
        192.168.0.7 | 192.168.0.6 | -
        192.168.0.7 | 192.168.0.8 | -
        """;

    public static TheoryData<string, bool> Rows
    {
        get
        {
            var rows = new TheoryData<string, bool>();
            foreach (var line in Lines(Addresses).Where(line => line[0] != '#'))
            {
                rows.Add(line[2..], line[0] == '+');
            }

            return rows;
        }
    }

    public static TheoryData<string, string, bool> OpenedRows
    {
        get
        {
            var rows = new TheoryData<string, string, bool>();
            foreach (var line in Lines(Opened))
            {
                var parts = line.Split('|', StringSplitOptions.TrimEntries);
                rows.Add(parts[0], parts[1], parts[2] == "+");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void IsAllowed_NothingOpened(string address, bool expected) =>
        Assert.Equal(expected, Policy("").IsAllowed(IPAddress.Parse(address), 443));

    [Theory]
    [MemberData(nameof(OpenedRows))]
    public void IsAllowed_WithNetworks(string networks, string address, bool expected) =>
        Assert.Equal(expected, Policy(networks).IsAllowed(IPAddress.Parse(address), 443));

    [Fact]
    public void Table_IsLongEnough() => Assert.True(Rows.Count >= 200, "At least 200 rows.");

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static EgressPolicy Policy(string networks) => new(EgressOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Vault:Egress:AllowedNetworks", networks)]).Build(), isDevelopment: false));
}
