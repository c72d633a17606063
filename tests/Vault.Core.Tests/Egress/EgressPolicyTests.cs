using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Egress;
using Xunit;

namespace Vault.Core.Tests.Egress;

/// <summary>The settings, and the vault's own listeners. Addresses are in <see cref="AddressTableTests"/>.</summary>
public sealed class EgressPolicyTests
{
    [Fact]
    public void IsAllowed_OwnListeners_Denied()
    {
        var policy = Policy("127.0.0.0/8,::1,0.0.0.0,64:ff9b::/96");
        policy.SetOwnListeners([new IPEndPoint(IPAddress.Loopback, 5080), new IPEndPoint(IPAddress.IPv6Any, 5081), new IPEndPoint(IPAddress.Parse("93.184.216.34"), 5083)]);
        foreach (var (address, port) in new[]
        {
            ("127.0.0.1", 5080), ("::ffff:127.0.0.1", 5080), ("127.0.0.9", 5080), ("0.0.0.0", 5080), ("::1", 5080), ("127.0.0.9", 5081), ("::1", 5081), ("0.0.0.0", 5081),
            ("93.184.216.34", 5083), ("::ffff:93.184.216.34", 5083), ("64:ff9b::93.184.216.34", 5083),
        })
        {
            Assert.False(policy.IsAllowed(IPAddress.Parse(address), port), $"{address} {port}");
        }

        foreach (var (address, port) in new[] { ("127.0.0.1", 5082), ("93.184.216.34", 5080), ("93.184.216.35", 5083), ("127.0.0.1", 5083), ("64:ff9b::93.184.216.34", 5080) })
        {
            Assert.True(policy.IsAllowed(IPAddress.Parse(address), port), $"{address} {port}");
        }
    }

    [Fact]
    public void IsAllowed_ListenerOnAnyAddress_CoversEveryLocalAddress()
    {
        var policy = Policy("0.0.0.0/0,::/0");
        policy.SetOwnListeners([new IPEndPoint(IPAddress.Any, 5080)]);
        var local = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .ToArray();
        Assert.NotEmpty(local);
        Assert.All(local, address => Assert.False(policy.IsAllowed(address, 5080), address.ToString()));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Read_NoSettings_DependsOnEnvironment(bool development, bool open)
    {
        var policy = new EgressPolicy(EgressOptions.Read(new ConfigurationBuilder().Build(), development));
        Assert.Equal(open, policy.IsAllowed(IPAddress.Loopback, 80));
        Assert.Equal(open, policy.AllowHttp);
        Assert.False(policy.IsAllowed(IPAddress.Parse("10.0.0.1"), 80));
    }

    [Fact]
    public void Read_ListWithEmptyEntries_IgnoresThem() =>
        Assert.True(Policy(" , 192.168.0.7 ,, ::1").IsAllowed(IPAddress.Parse("192.168.0.7"), 443));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("/8")]
    [InlineData("10/8")]
    [InlineData("10.1")]
    [InlineData("010.0.0.0/8")]
    [InlineData("0xa.0.0.0/8")]
    [InlineData("167772160")]
    [InlineData("::/129")]
    [InlineData("fe80::1%eth0")]
    [InlineData("fe80::%1/64")]
    [InlineData("10.0.0.0/255.0.0.0")]
    [InlineData("intranet")]
    [InlineData("10.0.0.0/8, x")]
    public void Read_BadEntry_NamesTheSetting(string networks) =>
        Assert.Contains("Vault:Egress:AllowedNetworks", Assert.Throws<OptionsValidationException>(() => Policy(networks)).Message, StringComparison.Ordinal);

    private static EgressPolicy Policy(string networks) => new(EgressOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Vault:Egress:AllowedNetworks", networks)]).Build(), true));
}
