using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Named credentials that lead back to the vault.</summary>
[Collection(nameof(OpenEgressBench))]
public sealed class EgressLoopTests(OpenEgressBench bench)
{
    private int OwnPort => bench.Vault.AdminClient.BaseAddress!.Port;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.9")]
    [InlineData("localhost.example")]
    [InlineData("2130706433")]
    public async Task OwnListener_IsNeverReached_ByWhateverName(string host)
    {
        bench.Resolver.Set("localhost.example", "127.0.0.1");
        foreach (var path in new[] { "/callout/X", "/api/v1/admin-keys", "/healthz/live" })
        {
            var called = await bench.SaveAndCallAsync($"http://{host}:{OwnPort}{path}");
            Assert.Equal((403, "egress-denied"), (called.Status, called.Code));
        }
    }

    [Fact]
    public async Task Loop_ThroughALoadBalancer_IsCutTheFirstTime()
    {
        await using var balancer = TcpRelay.Start(_ => Task.FromResult<IPEndPoint?>(new IPEndPoint(IPAddress.Loopback, OwnPort)));

        // A named credential whose callouts are callouts of itself, with the app's own key.
        var name = bench.NewName();
        await bench.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
        {
            ["name"] = name,
            ["url"] = $"http://127.0.0.1:{balancer.Port}/callout/{name}",
            ["authentication"] = new JsonObject { ["protocol"] = "bearer", ["token"] = bench.Key },
        }.ToJsonString());
        await bench.Vault.GrantAsync("Attacker", name);
        var called = await bench.CallAsync(name);
        Assert.Equal((403, 1), (called.Status, balancer.Connections));
        Assert.Contains("egress-denied", called.Text, StringComparison.Ordinal);

        // Both are on record: what was refused inside, and the callout that got the refusal.
        var records = await bench.Vault.AdminAsync(HttpMethod.Get, $"/api/v1/audit?target={name}&action=callout");
        Assert.Equal(2, records!["items"]!.AsArray().Count);
        Assert.Contains(records["items"]!.AsArray(), record => (string?)record!["code"] == "egress-denied");
    }

    [Fact]
    public async Task Loop_ToTheAdminApi_IsCut()
    {
        await using var balancer = TcpRelay.Start(_ => Task.FromResult<IPEndPoint?>(new IPEndPoint(IPAddress.Loopback, OwnPort)));
        var saved = await bench.SaveAsync($"http://127.0.0.1:{balancer.Port}/api/v1", new JsonObject { ["protocol"] = "bearer", ["token"] = VaultFactory.AdminKey });
        foreach (var path in new[] { "/apps", "/admin-keys", "/external-credentials" })
        {
            var called = await bench.CallAsync(saved.Name, path);
            Assert.Equal(403, called.Status);
            Assert.Contains("egress-denied", called.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Mark_SurvivesTheCaller()
    {
        // Nothing that a caller may send takes it off: not a Connection option, not values of the header's own.
        await using var upstream = RawUpstream.Start();
        var saved = await bench.SaveAsync(upstream.Url);
        var answer = await RawClient.SendAsync(
            bench.Vault.AdminClient.BaseAddress!, text => text.EndsWith("ok", StringComparison.Ordinal),
            $"GET /callout/{saved.Name} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Key: {bench.Key}\r\nConnection: CDN-Loop\r\nCDN-Loop: one\r\n\r\n");
        Assert.Equal(200, answer.Statuses[0]);
        var mark = Assert.Single(upstream.Received).Split("\r\n").Single(line => line.StartsWith("CDN-Loop:", StringComparison.OrdinalIgnoreCase));
        Assert.Matches("^CDN-Loop: vault-[0-9a-f]{16}$", mark);

        // Other intermediaries' marks go on.
        await RawClient.SendAsync(
            bench.Vault.AdminClient.BaseAddress!, text => text.EndsWith("ok", StringComparison.Ordinal),
            $"GET /callout/{saved.Name} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Key: {bench.Key}\r\nCDN-Loop: other; v=1\r\n\r\n");
        Assert.Contains(mark.Replace("CDN-Loop: ", "CDN-Loop: other; v=1, ", StringComparison.Ordinal), string.Concat(upstream.Received), StringComparison.Ordinal);

        // And a request with this vault's own is refused, whoever sends it.
        var refused = await RawClient.SendAsync(
            bench.Vault.AdminClient.BaseAddress!, text => text.Contains("egress-denied", StringComparison.Ordinal),
            $"GET /callout/{saved.Name} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Key: {bench.Key}\r\nCDN-Loop: x\r\n{mark}\r\n\r\n");
        Assert.Equal(403, refused.Statuses[0]);
    }
}
