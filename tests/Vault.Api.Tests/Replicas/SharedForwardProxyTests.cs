using System.Net;
using System.Net.Sockets;
using Vault.Api.Tests.ForwardProxy;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>Forward proxies of replicas: one authority, and keys that are revoked anywhere.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class SharedForwardProxyTests(ReplicaFixture fixture)
{
    [Fact]
    public async Task Authority_OfReplicasThatStartedTogether_IsOne()
    {
        var authorities = await Task.WhenAll(fixture.Admins.Select(admin => admin.GetStringAsync("/api/v1/forward-proxy/ca.pem")));
        Assert.Contains("BEGIN CERTIFICATE", Assert.Single(authorities.Distinct()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyThatIsRevokedOnOne_EndsTheTunnelsOfAnother_WithinTwoSeconds()
    {
        var key = await fixture.DefineAsync(0, "Tunnelled", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password-of-ann" }""");
        var authority = new Uri(fixture.Service.Url).Authority;
        NetworkStream stream;
        while (true)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, fixture.ForwardPorts[1]);
            stream = new NetworkStream(socket, ownsSocket: true);
            var opened = await ForwardProxyFixture.ExchangeAsync(stream, $"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{ForwardProxyFixture.Basic(key)}\r\n");
            if (opened.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            {
                break;
            }

            // The other replica hears of the key within two seconds.
            await stream.DisposeAsync();
        }

        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(stream, $"HEAD /tunnelled HTTP/1.1\r\nHost: {authority}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal("Basic " + Convert.ToBase64String("ann:the-password-of-ann"u8), fixture.Service.Requests.Single(request => request.Target == "/tunnelled").Header("Authorization"));
        await fixture.AdminAsync(0, HttpMethod.Delete, $"/api/v1/apps/TunnelledApp/keys/{key.Split('_')[1]}");
        var started = TimeProvider.System.GetTimestamp();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[100], limit.Token));
        }
        catch (IOException)
        {
            // Reset.
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(2.5));
    }
}
