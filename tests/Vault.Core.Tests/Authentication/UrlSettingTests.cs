using Vault.Core.Authentication.Settings;
using Vault.Core.Authentication.SignIns;
using Xunit;

namespace Vault.Core.Tests.Authentication;

public sealed class UrlSettingTests
{
    [Theory]
    [InlineData("https://h.example", "/")]
    [InlineData("https://h.example?x=1", "/?x=1")]
    [InlineData("https://h.example:8443?x=/1", "/?x=/1")]
    [InlineData("http://[::1]:99", "/")]
    [InlineData("https://h.example/", "/")]
    [InlineData("https://h.example/a%2Fb/../c?d", "/a%2Fb/../c?d")]
    public void Request_NeverHasAnEmptyTarget(string url, string target)
    {
        var uri = new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        Assert.Equal(target, FormRequest.Make("it", uri, [], []).Message.RequestUri!.PathAndQuery);
        Assert.Equal(target, UrlSetting.ToSend(uri).PathAndQuery);
    }
}
