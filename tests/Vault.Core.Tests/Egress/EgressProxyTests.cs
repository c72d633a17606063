using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Egress;

/// <summary>The setting of the proxy, and proxies that break the rules.</summary>
public sealed class EgressProxyTests
{
    [Theory]
    [InlineData("http://proxy.corp:3128", "proxy.corp", 3128, null)]
    [InlineData(" http://10.0.0.9:8080/ ", "10.0.0.9", 8080, null)]
    [InlineData("http://proxy", "proxy", 80, null)]
    [InlineData("http://[::1]:3128", "::1", 3128, null)]
    [InlineData("http://ann:pass@proxy:3128", "proxy", 3128, "ann:pass")]
    [InlineData("http://ann:p%40ss%3Aw%20rd%C3%A9@proxy:3128", "proxy", 3128, "ann:p@ss:w rdé")]
    [InlineData("http://ann@proxy:3128", "proxy", 3128, "ann:")]
    public void Read_Proxy_IsUnderstood(string setting, string host, int port, string? credentials)
    {
        var proxy = Read(setting).Proxy!;
        Assert.Equal((host, port), (proxy.Host, proxy.Port));
        Assert.Equal(credentials, proxy.Credentials is { } secret ? Encoding.UTF8.GetString(Convert.FromBase64String(secret.Reveal())) : null);
    }

    [Theory]
    [InlineData("proxy:3128")]
    [InlineData("https://proxy:3128")]
    [InlineData("socks5://proxy:1080")]
    [InlineData("http://")]
    [InlineData("http://Canary-Pass@")]
    [InlineData("http://ann:Canary-Pass@proxy:0")]
    [InlineData("http://ann:Canary-Pass@proxy:65536")]
    [InlineData("http://ann:Canary-Pass@proxy/path")]
    [InlineData("http://ann:Canary-Pass@proxy?x=1")]
    [InlineData("http://ann:Canary-Pass@proxy#x")]
    [InlineData("http://ann:Canary-Passé@proxy")]
    [InlineData("http://an%3An:Canary-Pass@proxy")]
    [InlineData("http://ann:Canary-Pass%0D%0AX-Evil:1@proxy")]
    [InlineData("http://ann:Canary-Pass\\@proxy")]
    public void Read_BadProxy_NamesTheSettingAndNotItsValue(string setting)
    {
        var message = Assert.Throws<OptionsValidationException>(() => Read(setting)).Message;
        Assert.Contains("Vault:Egress:Proxy", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Canary", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_AsText_HoldNoPassword()
    {
        var options = Read("http://ann:Canary-Pass@proxy:3128");
        SecretForms.AssertAbsent($"{options} {options.Proxy} {options.Proxy!.Credentials}", "the settings", "Canary-Pass", "ann:Canary-Pass");
        Assert.Contains("proxy:3128", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", 407)]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403)]
    [InlineData("HTTP/1.0 503 Busy\r\n\r\n", 503)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", 302)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", 101)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ninjected", null)]
    [InlineData("HTTP/2 200\r\n\r\n", null)]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", null)]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n", null)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", null)]
    [InlineData("HTTP/1.1 200 OK\r\n", null)]
    [InlineData("", null)]
    public async Task Send_ProxyRefusesOrBreaksTheRules_Fails(string answer, int? status)
    {
        await using var proxy = RawUpstream.Start();
        proxy.AnswerWith(answer);
        var failure = await FailAsync(proxy);
        Assert.Equal(HttpRequestError.ProxyTunnelError, failure.HttpRequestError);
        Assert.Equal(status, (int?)failure.StatusCode);
        Assert.All(proxy.Received, text => Assert.StartsWith("CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\nProxy-Authorization: Basic ", text, StringComparison.Ordinal));
        Assert.DoesNotContain(proxy.Received, text => text.Contains("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Send_EndlessHead_Fails()
    {
        await using var proxy = RawUpstream.Start();
        proxy.AnswerWith("HTTP/1.1 200 OK\r\nX: " + new string('x', 100_000));
        Assert.Null((await FailAsync(proxy)).StatusCode);
    }

    [Fact]
    public async Task Send_ServerErrorForOneAddress_TriesTheNext_AndARefusalIsFinal()
    {
        await using var proxy = RawUpstream.Start();
        proxy.AnswerWith("HTTP/1.1 502 No route\r\n\r\n");
        await FailAsync(proxy, "2606:4700::1111,93.184.216.34");
        Assert.Equal(["CONNECT [2606:4700::1111]:80", "CONNECT 93.184.216.34:80"], proxy.Received.Select(text => text.Split(" HTTP")[0]));

        proxy.AnswerWith("HTTP/1.1 407 No\r\n\r\n");
        await FailAsync(proxy, "2606:4700::1111,93.184.216.34");
        Assert.Equal(3, proxy.Connections);
    }

    [Fact]
    public async Task Send_NameThatLeadsInside_IsDeniedBeforeTheProxyIsAsked()
    {
        await using var proxy = RawUpstream.Start();
        var resolver = new ScriptedResolver();
        resolver.Set("service.example", "93.184.216.34,10.0.0.1");
        using var connections = Connections(proxy, resolver);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://service.example/");
        await EgressDenial.AssertAsync(() => connections.Invoker.SendAsync(request, CancellationToken.None));
        Assert.Equal(0, proxy.Connections);
    }

    private static async Task<HttpRequestException> FailAsync(RawUpstream proxy, string addresses = "93.184.216.34")
    {
        var resolver = new ScriptedResolver();
        resolver.Set("service.example", addresses);
        using var connections = Connections(proxy, resolver);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://service.example/");
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => connections.Invoker.SendAsync(request, CancellationToken.None));
        SecretForms.AssertAbsent(failure.ToString(), "the exception", "Canary-Pass");
        return Assert.IsType<HttpRequestException>(failure.InnerException);
    }

    private static UpstreamConnections Connections(RawUpstream proxy, ScriptedResolver resolver) => new(
        new EgressPolicy(Read($"http://ann:Canary-Pass@127.0.0.1:{proxy.Port}")), resolver, new LoopGuard(() => "test"));

    private static EgressOptions Read(string proxy) => EgressOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Vault:Egress:Proxy", proxy)]).Build(), isDevelopment: false);
}
