using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>DNS that lies, changes its mind or says nothing; allow-lists; and what name the upstream is told.</summary>
[Collection(nameof(OpenEgressBench))]
public sealed class EgressNameTests(OpenEgressBench bench)
{
    private readonly int _before = bench.Upstream.Connections;

    private int Sent => bench.Upstream.Connections - _before;

    [Theory]
    [InlineData("93.184.216.34,10.0.0.1")]
    [InlineData("127.0.0.1,10.0.0.1")]
    [InlineData("10.0.0.1,127.0.0.1")]
    [InlineData("127.0.0.1,::1")]
    [InlineData("127.0.0.1,64:ff9b::7f00:1")]
    [InlineData("127.0.0.1,169.254.169.254")]
    public async Task Answer_WithOneForbiddenAddress_IsRefusedWhole(string answer)
    {
        var host = bench.NewName() + ".mixed.example";
        bench.Resolver.Set(host, answer);
        var called = await bench.SaveAndCallAsync($"http://{host}:{bench.Upstream.Port}/");
        Assert.Equal((403, "egress-denied"), (called.Status, called.Code));
        Assert.Equal((0, 1), (Sent, bench.Resolver.Count(host)));
    }

    [Fact]
    public async Task Rebinding_TheSecondAnswerIsNeverUsed()
    {
        // First a permitted address where nobody listens, then one where somebody does: one lookup a connection, and no retry with another.
        bench.Resolver.Set("rebind.example", "127.0.0.2", "10.0.0.1");
        var saved = await bench.SaveAsync($"http://rebind.example:{bench.Upstream.Port}/");
        var first = await bench.CallAsync(saved.Name);
        Assert.Equal((502, "upstream-unreachable", 1), (first.Status, first.Code, bench.Resolver.Count("rebind.example")));
        var second = await bench.CallAsync(saved.Name);
        Assert.Equal((403, "egress-denied", 2), (second.Status, second.Code, bench.Resolver.Count("rebind.example")));
        Assert.Equal(0, Sent);
    }

    [Fact]
    public async Task Pooled_OneLookup_AndAChangeCountsAtOnce()
    {
        bench.Resolver.Set("pooled.example", "127.0.0.1");
        bench.Resolver.Set("moved.example", "10.0.0.1");
        var (url, moved) = ($"http://pooled.example:{bench.Upstream.Port}", $"http://moved.example:{bench.Upstream.Port}");
        var login = bench.NewName();
        await bench.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{login}}", "authentication": { "protocol": "none" }, "allowedHosts": ["{{url}}", "{{moved}}"] }""");
        var saved = await bench.SaveAsync(url, settings: new JsonObject { ["externalCredential"] = login });
        Assert.Equal(200, (await bench.CallAsync(saved.Name)).Status);
        Assert.Equal(200, (await bench.CallAsync(saved.Name)).Status);
        Assert.Equal((1, 1), (Sent, bench.Resolver.Count("pooled.example")));

        // The connection is still open; where a callout goes is asked for each of them.
        var received = string.Concat(bench.Upstream.Received);
        await bench.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/named-credentials/{saved.Name}", $$"""{ "url": "{{moved}}", "externalCredential": "{{login}}" }""");
        var denied = await bench.CallAsync(saved.Name);
        Assert.Equal((403, "egress-denied"), (denied.Status, denied.Code));
        Assert.Equal((1, received), (Sent, string.Concat(bench.Upstream.Received)));

        // And secrets can't be left with a named credential whose host they may no longer go to.
        var stranded = await Assert.ThrowsAsync<InvalidOperationException>(() => bench.Vault.AdminAsync(
            HttpMethod.Put, $"/api/v1/external-credentials/{login}", $$"""{ "authentication": { "protocol": "none" }, "allowedHosts": ["{{url}}"] }"""));
        Assert.Contains("host-not-allowed", stranded.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_Huge_Empty_OrUnknown_IsUnreachable()
    {
        bench.Resolver.Set("huge.example", string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"127.{1 + (i / 62500)}.{i / 250 % 250}.{i % 250}").Append("10.0.0.1")));
        bench.Resolver.Set("empty.example", "");
        bench.Resolver.Set("failing.example", _ => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.TryAgain));
        Assert.Equal("egress-denied", (await bench.SaveAndCallAsync($"http://huge.example:{bench.Upstream.Port}/")).Code);
        foreach (var host in new[] { "empty.example", "failing.example", "nowhere.example" })
        {
            var called = await bench.SaveAndCallAsync($"http://{host}:{bench.Upstream.Port}/");
            Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));
        }

        Assert.Equal(0, Sent);
    }

    [Fact]
    public async Task Resolver_ThatNeverAnswers_IsGivenUp()
    {
        bench.Resolver.Set("silent.example", _ => new TaskCompletionSource<IReadOnlyList<IPAddress>>().Task);
        var quick = await bench.SaveAndCallAsync($"http://silent.example:{bench.Upstream.Port}/", settings: new JsonObject { ["timeoutSeconds"] = 1 });
        Assert.Equal((504, "upstream-timeout"), (quick.Status, quick.Code));

        // Whatever timeoutSeconds says, a connection that isn't there after five seconds won't be.
        var patient = await bench.SaveAndCallAsync($"http://silent.example:{bench.Upstream.Port}/", settings: new JsonObject { ["timeoutSeconds"] = 600 });
        Assert.Equal((502, "upstream-unreachable"), (patient.Status, patient.Code));
        Assert.Equal(0, Sent);
    }

    [Theory]
    [InlineData("Good.Example.", "good.example")]
    [InlineData("GOOD.example", "good.example")]
    [InlineData("\u24d6ood.example", "good.example")]
    [InlineData("go\u00adod.example", "good.example")]
    [InlineData("b\u00fccher.example", "xn--bcher-kva.example")]
    [InlineData("2130706433", "127.0.0.1")]
    [InlineData("127.1", "127.0.0.1")]
    [InlineData("127.0.0.1.", "127.0.0.1")]
    [InlineData("0x7f.0.0.1", "127.0.0.1")]
    public async Task Host_ThatIsJudged_IsTheHostThatIsSent(string written, string sent)
    {
        bench.Resolver.Set("good.example", "127.0.0.1");
        bench.Resolver.Set("xn--bcher-kva.example", "127.0.0.1");
        await using var upstream = RawUpstream.Start();
        var saved = await bench.SaveAsync($"http://{written}:{upstream.Port}/");
        Assert.Equal(201, saved.Status);
        var lookups = bench.Resolver.Lookups.Count;
        Assert.Equal("ok", (await bench.CallAsync(saved.Name)).Text);
        Assert.Contains($"\r\nHost: {sent}:{upstream.Port}\r\n", Assert.Single(upstream.Received), StringComparison.Ordinal);
        Assert.Equal([sent], bench.Resolver.Lookups.Skip(lookups));
        var external = await bench.Vault.AdminAsync(HttpMethod.Get, "/api/v1/external-credentials/" + saved.Name);
        Assert.Equal($"http://{sent}:{upstream.Port}", (string?)external!["allowedHosts"]![0]);
    }

    [Theory]
    [InlineData("evilgood.example", 422)]
    [InlineData("good.example", 422)]
    [InlineData("good.example.evil.example", 422)]
    [InlineData("a.good.example.evil", 422)]
    [InlineData("a.good.example", 201)]
    [InlineData("A.b.GOOD.example.", 201)]
    public async Task Wildcard_CoversWhatIsBelowAndNothingElse(string host, int status)
    {
        var login = bench.NewName();
        await bench.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{login}}", "authentication": { "protocol": "none" }, "allowedHosts": ["*.good.example"] }""");
        var saved = await bench.SaveAsync($"https://{host}/", settings: new JsonObject { ["externalCredential"] = login });
        Assert.Equal((status, status == 201 ? null : "host-not-allowed"), (saved.Status, saved.Code));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.com")]
    [InlineData("*.127.0.0.1")]
    [InlineData("a.*.example")]
    [InlineData("good.example:0")]
    [InlineData("good.example\uff0fevil.example")]
    [InlineData("[fe80::1%25eth0]")]
    public async Task AllowedHosts_ThatSayTooMuchOrNothing_AreRefused(string entry)
    {
        var name = bench.NewName();
        var saved = await bench.PostAsync(
            "/api/v1/external-credentials",
            new JsonObject { ["name"] = name, ["authentication"] = new JsonObject { ["protocol"] = "none" }, ["allowedHosts"] = new JsonArray(entry) }, name);
        Assert.Equal((400, "invalid-request"), (saved.Status, saved.Code));
    }

    [Fact]
    public async Task Caller_CantChooseTheHost()
    {
        await using var upstream = RawUpstream.Start();
        var saved = await bench.SaveAsync(upstream.Url + "/base");
        var address = bench.Vault.AdminClient.BaseAddress!;
        foreach (var (target, host, more, status) in new[]
        {
            ($"/callout/{saved.Name}/x", "evil.example", "", 200),
            ($"/callout/{saved.Name}/x", $"{address.Authority}", "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n", 200),
            ($"http://evil.example/callout/{saved.Name}/x", "evil.example", "", 403),
            ($"http://evil.example/callout/{saved.Name}/x", address.Authority, "", 400),
            ($"/callout/{saved.Name}//evil.example/x", address.Authority, "", 200),
        })
        {
            var answer = await RawClient.SendAsync(
                address, text => text.Contains("\r\n\r\n", StringComparison.Ordinal),
                $"GET {target} HTTP/1.1\r\nHost: {host}\r\nX-Vault-Key: {bench.Key}\r\n{more}\r\n");
            Assert.Equal(status, answer.Statuses[0]);
        }

        var received = string.Concat(upstream.Received);
        Assert.DoesNotContain("Host: evil", received, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Forwarded", received, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(3, received.Split($"Host: 127.0.0.1:{upstream.Port}\r\n").Length - 1);
    }

    [Theory]
    [InlineData("CONNECT /callout/{n}/x", "", 0)]
    [InlineData("CONNECT 127.0.0.1:{p}", "", 0)]
    [InlineData("TRACE /callout/{n}/x", "", 403)]
    [InlineData("GET /callout/{n}/x", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", 0)]
    public async Task Connect_Trace_AndUpgradeToH2c_NeverGoOn(string line, string more, int status)
    {
        await using var upstream = RawUpstream.Start();
        var saved = await bench.SaveAsync(upstream.Url);
        var first = line.Replace("{n}", saved.Name, StringComparison.Ordinal).Replace("{p}", $"{upstream.Port}", StringComparison.Ordinal);
        var answer = await RawClient.SendAsync(
            bench.Vault.AdminClient.BaseAddress!, text => text.Contains("\r\n\r\n", StringComparison.Ordinal),
            $"{first} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Key: {bench.Key}\r\n{more}\r\n");
        if (status != 0)
        {
            Assert.Equal(status, answer.Statuses[0]);
        }

        Assert.DoesNotContain(answer.Statuses, code => code is 101);
        Assert.All(upstream.Received, text =>
        {
            Assert.StartsWith("GET ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("h2c", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("HTTP2-Settings", text, StringComparison.OrdinalIgnoreCase);
        });
    }
}
