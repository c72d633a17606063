using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.ForwardProxy;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

public sealed class SettingTests
{
    [Theory]
    [InlineData("Url", "https://localhost:5081")]
    [InlineData("Url", "localhost:5081")]
    [InlineData("Url", "http://proxy.example:5081")]
    [InlineData("Url", "http://localhost:5081/path")]
    [InlineData("Url", "http://user@localhost:5081")]
    [InlineData("Url", "http://localhost:0")]
    [InlineData("UnmatchedHosts", "allow")]
    public void Read_Wrong_SaysWhichSetting(string name, string value)
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Read((name, value)));
        Assert.Contains("Vault:ForwardProxy:" + name, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Nothing_IsOff_AndRefuses()
    {
        Assert.Equal(new ForwardProxyOptions(null, false), Read());
        Assert.Equal(new ForwardProxyOptions(null, false), Read(("Url", ""), ("UnmatchedHosts", "")));
        Assert.Equal(new ForwardProxyOptions(new Uri("http://[::]:5081"), true), Read(("Url", "http://[::]:5081"), ("UnmatchedHosts", "Tunnel")));
    }

    private static ForwardProxyOptions Read(params (string Name, string Value)[] settings) => ForwardProxyOptions.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(setting => "Vault:ForwardProxy:" + setting.Name, setting => (string?)setting.Value)).Build());
}
