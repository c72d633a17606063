using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Egress;

public sealed class UpstreamConnectionsTests
{
    private readonly ScriptedResolver _resolver = new();

    [Theory]
    [InlineData("93.184.216.34, 127.0.0.1")]
    [InlineData("127.0.0.1, 93.184.216.34")]
    [InlineData("127.0.0.1, 10.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task Send_OneBadAddress_RefusedWithoutConnecting(string addresses)
    {
        await using var upstream = RawUpstream.Start();
        _resolver.Set("service.example", addresses);
        using var connections = Connections([]);
        var denied = await EgressDenial.AssertAsync(() => SendAsync(connections, $"http://service.example:{upstream.Port}/?k=secret"));
        Assert.Contains("service.example", denied.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", denied.Message, StringComparison.Ordinal);
        Assert.Equal(0, upstream.Connections);
        Assert.Equal(["service.example"], _resolver.Lookups);
    }

    [Fact]
    public async Task Send_HugeAnswerWithOneBadAddressAtItsEnd_Refused()
    {
        await using var upstream = RawUpstream.Start();
        _resolver.Set("service.example", string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"93.184.{i / 250}.{i % 250}").Append("127.0.0.1")));
        using var connections = Connections([]);
        await EgressDenial.AssertAsync(() => SendAsync(connections, $"http://service.example:{upstream.Port}/"));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("http://0.0.0.0:{0}/")]
    [InlineData("http://0:{0}/")]
    [InlineData("http://[::]:{0}/")]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    public async Task Send_ToAnAddress_WithTheSystemsResolver_IsDenied(string url)
    {
        await using var upstream = RawUpstream.Start();
        using var connections = new UpstreamConnections(new EgressPolicy(new EgressOptions([], AllowHttp: true)), new SystemHostResolver(), new LoopGuard(() => "test"));
        await EgressDenial.AssertAsync(() => SendAsync(connections, string.Format(System.Globalization.CultureInfo.InvariantCulture, url, upstream.Port)));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("127.0.0.1")]
    public async Task Send_ToAMappedAddress_GoesToTheOneThatWasJudged(string address)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith("HTTP/1.1 204 No Content\r\n\r\n");
        _resolver.Set("service.example", address);
        using var connections = Connections(["127.0.0.0/8"]);
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(connections, $"http://service.example:{upstream.Port}/"));
    }

    [Fact]
    public async Task Send_EmptyAnswer_IsNotFound()
    {
        _resolver.Set("service.example", "");
        using var connections = Connections([]);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(connections, "http://service.example/"));
        Assert.Equal(SocketError.HostNotFound, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task Send_FirstAddressDead_UsesTheNextWithOneLookup_AndFollowsNothing()
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n");
        _resolver.Set("service.example", "127.0.0.99,127.0.0.1");
        using var connections = Connections(["127.0.0.0/8"]);
        Assert.Equal(HttpStatusCode.Found, await SendAsync(connections, $"http://service.example:{upstream.Port}/"));
        Assert.Equal(["service.example"], _resolver.Lookups);
    }

    [Fact]
    public async Task Send_Rebinding_GoesToTheAddressThatWasJudged()
    {
        // The first answer is a permitted address where nobody listens, the second a forbidden one where somebody does.
        await using var forbidden = RawUpstream.Start();
        _resolver.Set("rebind.example", "127.0.0.2", "127.0.0.1");
        using var connections = Connections(["127.0.0.2/32"]);
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(connections, $"http://rebind.example:{forbidden.Port}/"));
        Assert.Equal(["rebind.example"], _resolver.Lookups);
        await EgressDenial.AssertAsync(() => SendAsync(connections, $"http://rebind.example:{forbidden.Port}/"));
        Assert.Equal(0, forbidden.Connections);
    }

    [Fact]
    public async Task Send_DnsChanged_IsFollowedWhenTheConnectionsLifeIsOver()
    {
        await using var upstream = RawUpstream.Start();
        _resolver.Set("service.example", "127.0.0.1", "10.0.0.1");
        using (var pooled = Connections(["127.0.0.0/8"]))
        {
            Assert.Equal(HttpStatusCode.OK, await SendAsync(pooled, $"http://service.example:{upstream.Port}/"));
            Assert.Equal(HttpStatusCode.OK, await SendAsync(pooled, $"http://service.example:{upstream.Port}/"));
            Assert.Equal((1, 1), (upstream.Connections, _resolver.Lookups.Count));
            Assert.InRange(UpstreamConnections.LongestLife, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
            Assert.Equal(UpstreamConnections.LongestLife, pooled.Handler().PooledConnectionLifetime);
        }

        _resolver.Set("service.example", "127.0.0.1", "10.0.0.1");
        using var connections = Connections(["127.0.0.0/8"], TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.OK, await SendAsync(connections, $"http://service.example:{upstream.Port}/"));
        await EgressDenial.AssertAsync(() => SendAsync(connections, $"http://service.example:{upstream.Port}/"));
        Assert.Equal(2, upstream.Connections);
    }

    [Fact]
    public async Task Send_ProxyOfTheEnvironment_IsIgnored()
    {
        await using var proxy = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        _resolver.Set("proxied.example", "127.0.0.1");
        var before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new OneHostProxy(new Uri(proxy.Url));
        try
        {
            using var connections = Connections(["127.0.0.0/8"]);
            Assert.Equal(HttpStatusCode.OK, await SendAsync(connections, $"http://proxied.example:{upstream.Port}/"));
            Assert.Equal((0, 1), (proxy.Connections, upstream.Connections));

            // The same with a handler that isn't told to: what HTTP_PROXY sets does work here.
            using var plain = new HttpMessageInvoker(new SocketsHttpHandler());
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://proxied.example:{upstream.Port}/");
            using var response = await plain.SendAsync(request, CancellationToken.None);
            Assert.Equal((1, 1), (proxy.Connections, upstream.Connections));
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
    }

    [Fact]
    public async Task Send_MarksWhatLeaves_BesideOtherMarks()
    {
        await using var upstream = RawUpstream.Start();
        using var connections = Connections(["127.0.0.0/8"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, upstream.Url);
        request.Headers.TryAddWithoutValidation("CDN-Loop", "other; v=1");
        using var response = await connections.Invoker.SendAsync(request, CancellationToken.None);
        Assert.Contains("CDN-Loop: other; v=1, vault-test\r\n", upstream.Received[0], StringComparison.Ordinal);
        using var again = await connections.Invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, upstream.Url) { Headers = { { "CDN-Loop", "x, vault-test" } } }, CancellationToken.None);
        Assert.Contains("CDN-Loop: x, vault-test\r\n", string.Concat(upstream.Received), StringComparison.Ordinal);
    }

    [Fact]
    public void Handler_KeepsNothingAndFollowsNothing()
    {
        using var connections = Connections([]);
        using var handler = connections.Handler();
        Assert.False(handler.UseProxy);
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseCookies);
        Assert.False(handler.PreAuthenticate);
        Assert.Null(handler.Credentials);
        Assert.Null(handler.ActivityHeadersPropagator);
        Assert.Equal(DecompressionMethods.None, handler.AutomaticDecompression);
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, handler.SslOptions.EnabledSslProtocols);
        Assert.True(handler.SslOptions.CertificateChainPolicy!.DisableCertificateDownloads);
        Assert.InRange(handler.ConnectTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
    }

    private static async Task<HttpStatusCode> SendAsync(UpstreamConnections connections, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        using var response = await connections.Invoker.SendAsync(request, CancellationToken.None);
        await response.Content.ReadAsByteArrayAsync();
        return response.StatusCode;
    }

    private UpstreamConnections Connections(string[] networks, TimeSpan? life = null) => new(
        new EgressPolicy(new EgressOptions([.. networks.Select(network => IPNetwork.Parse(network))], true)), _resolver, new LoopGuard(() => "test"), life ?? UpstreamConnections.LongestLife);

    private sealed class OneHostProxy(Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? destination : proxy;

        public bool IsBypassed(Uri host) => host.Host != "proxied.example";
    }
}
