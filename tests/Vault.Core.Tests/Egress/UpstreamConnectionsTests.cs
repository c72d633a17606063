using System.Net;
using System.Net.Sockets;
using Vault.Core.Egress;
using Xunit;

namespace Vault.Core.Tests.Egress;

public sealed class UpstreamConnectionsTests
{
    [Theory]
    [InlineData("93.184.216.34", "127.0.0.1")]
    [InlineData("127.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.1")]
    public async Task Send_OneBadAddress_RefusedWithoutConnecting(params string[] addresses)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var resolver = new FakeResolver([.. addresses.Select(IPAddress.Parse)]);
        using var connections = new UpstreamConnections(new EgressPolicy(new EgressOptions([], true)), resolver);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://service.example:{((IPEndPoint)listener.LocalEndpoint).Port}/?k=secret");
        var denied = await Assert.ThrowsAsync<EgressDeniedException>(() => connections.Invoker.SendAsync(request, CancellationToken.None));
        Assert.Contains("service.example", denied.Message);
        Assert.DoesNotContain("secret", denied.Message);
        Assert.False(listener.Pending());
        Assert.Equal(1, resolver.Calls);
    }

    [Fact]
    public async Task Send_FirstAddressDead_UsesTheNextWithOneLookup()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answer = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await socket.ReceiveAsync(new byte[4096]);
            await socket.SendAsync("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        });
        var resolver = new FakeResolver([IPAddress.Parse("127.0.0.99"), IPAddress.Loopback]);
        var policy = new EgressPolicy(new EgressOptions([IPNetwork.Parse("127.0.0.0/8")], true));
        using var connections = new UpstreamConnections(policy, resolver);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://service.example:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        using var response = await connections.Invoker.SendAsync(request, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal(1, resolver.Calls);
        await answer;
    }

    private sealed class FakeResolver(IReadOnlyList<IPAddress> addresses) : IHostResolver
    {
        public int Calls { get; private set; }

        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult(addresses);
        }
    }
}
