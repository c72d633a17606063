using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Vault.Api.Tests.Callouts;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>
/// gRPC through a tunnel: a client that knows the service's own address, and has the vault as its proxy. It is given an <see cref="HttpClient"/>: with
/// a handler of sockets it would look the host up itself.
/// </summary>
public sealed class GrpcTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    [Fact]
    public async Task Grpc_InATunnel_BothWays_WithTheAuthorization_Trailers_AndTheServicesOwnFailures()
    {
        await using var service = await EchoService.StartAsync(listen => listen.UseHttps(fixture.Issue()));
        var url = $"https://{ForwardProxyFixture.Host}:{new Uri(service.Urls.First()).Port}";
        var name = await fixture.DefineAsync(url);
        using var http = fixture.Client(await fixture.AppAsync(name), isHttp2: true);
        using var channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpClient = http });
        var client = new Echo.EchoClient(channel);

        await EchoService.AssertTalksAsync(client, [], "Bearer " + ForwardProxyFixture.Secret + name);
        await EchoService.AssertFailsAsync(client, []);

        // Several at once in one tunnel.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => EchoService.AssertTalksAsync(client, [], "Bearer " + ForwardProxyFixture.Secret + name)));
        var record = (await fixture.AuditAsync($"target={name}&action=callout&pageSize=1"))[0]!;
        Assert.Equal(("/vault.tests.Echo/Talk", "success"), ((string?)record["path"], (string?)record["outcome"]));
    }

    [Fact]
    public async Task Grpc_ThatIsNotGranted_FailsAsSuch()
    {
        await using var service = await EchoService.StartAsync(listen => listen.UseHttps(fixture.Issue()));
        var url = $"https://{ForwardProxyFixture.Host}:{new Uri(service.Urls.First()).Port}";
        using var http = fixture.Client(await fixture.AppAsync(await fixture.DefineAsync(url + "/elsewhere")), isHttp2: true);
        using var channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpClient = http });
        using var call = new Echo.EchoClient(channel).Talk();

        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }
}
