using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Egress;
using Xunit;

namespace Vault.Core.Tests.Egress;

public sealed class EgressPolicyTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:a9fe:a9fe::")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2a00:1450::5efe:10.0.0.1")]
    [InlineData("2a00:1450::200:5efe:10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd20:ce::254")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("192.0.0.192")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.0")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.0")]
    [InlineData("100.127.255.255")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.1")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("fc00::1")]
    [InlineData("fe80::1%3")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("2001:db8::1")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    [InlineData("100::1")]
    public void IsAllowed_Special_Denied(string address) => Assert.False(Policy("").IsAllowed(IPAddress.Parse(address), 443));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("2606:4700::1111")]
    [InlineData("2a00:1450:4001::200e")]
    public void IsAllowed_Public_Allowed(string address) => Assert.True(Policy("").IsAllowed(IPAddress.Parse(address), 443));

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", true)]
    [InlineData("10.0.0.0/8", "192.168.0.1", false)]
    [InlineData(" , 192.168.0.7 ,, ::1", "192.168.0.7", true)]
    [InlineData("192.168.0.7,::1", "::1", true)]
    [InlineData("192.168.0.7", "192.168.0.8", false)]
    [InlineData("169.254.0.0/16", "169.254.1.1", true)]
    [InlineData("169.254.0.0/16", "169.254.169.254", false)]
    [InlineData("0.0.0.0/0", "169.254.169.254", false)]
    [InlineData("0.0.0.0/0", "168.63.129.16", false)]
    [InlineData("::/0", "64:ff9b::a9fe:a9fe", false)]
    [InlineData("::/0", "fd00:ec2::254", false)]
    [InlineData("169.254.169.254", "169.254.169.254", true)]
    [InlineData("169.254.169.254/32", "169.254.169.254", true)]
    [InlineData("fd00:ec2::254/128", "fd00:ec2::254", true)]
    public void IsAllowed_OpenedNetworks_AreReached(string networks, string address, bool allowed) =>
        Assert.Equal(allowed, Policy(networks).IsAllowed(IPAddress.Parse(address), 443));

    [Fact]
    public void IsAllowed_OwnListeners_Denied()
    {
        var policy = Policy("127.0.0.0/8,::1,0.0.0.0");
        policy.SetOwnListeners([new IPEndPoint(IPAddress.Loopback, 5080), new IPEndPoint(IPAddress.IPv6Any, 5081)]);
        foreach (var (address, port) in new[] { ("127.0.0.1", 5080), ("::ffff:127.0.0.1", 5080), ("0.0.0.0", 5080), ("127.0.0.9", 5081), ("::1", 5081) })
        {
            Assert.False(policy.IsAllowed(IPAddress.Parse(address), port), address);
        }

        Assert.True(policy.IsAllowed(IPAddress.Loopback, 5082));
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

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("intranet")]
    [InlineData("10.0.0.0/8, x")]
    public void Read_BadEntry_NamesTheSetting(string networks) =>
        Assert.Contains("Vault:Egress:AllowedNetworks", Assert.Throws<OptionsValidationException>(() => Policy(networks)).Message);

    private static EgressPolicy Policy(string networks) => new(EgressOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Vault:Egress:AllowedNetworks", networks)]).Build(), true));
}
