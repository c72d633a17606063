using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>A vault behind a corporate proxy that wants a password.</summary>
public sealed class ProxiedEgressBench() : EgressBench(new() { ["Vault:Egress:AllowedNetworks"] = "127.0.0.1" })
{
    /// <summary>The password in the setting.</summary>
    public const string Password = "canary-proxy-P@ss word";

    /// <summary>The proxy, on an address that no named credential may reach.</summary>
    public ConnectProxy Proxy { get; } = ConnectProxy.Start();

    /// <inheritdoc />
    public override Task InitializeAsync()
    {
        Settings["Vault:Egress:Proxy"] = $"http://ann:{Uri.EscapeDataString(Password)}@proxy.corp:{Proxy.Port}";
        Resolver.Set("proxy.corp", "127.0.0.3");
        return base.InitializeAsync();
    }

    /// <inheritdoc />
    public override async Task DisposeAsync()
    {
        SecretForms.AssertAbsent(string.Join('\n', Vault.Logs.Lines), "the log", Password, "ann:" + Password);
        await base.DisposeAsync();
        await Proxy.DisposeAsync();
    }
}

/// <summary><c>Vault:Egress:Proxy</c>: names are judged before the proxy is asked, and it is told addresses.</summary>
public sealed class EgressProxyTests(ProxiedEgressBench bench) : IClassFixture<ProxiedEgressBench>
{
    private static readonly string Credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes("ann:" + ProxiedEgressBench.Password));

    [Fact]
    public async Task Http_GoesThroughATunnel_ToTheJudgedAddress()
    {
        bench.Resolver.Set("service.example", "127.0.0.1");
        var called = await bench.SaveAndCallAsync($"http://service.example:{bench.Upstream.Port}/base");
        Assert.Equal((200, "ok"), (called.Status, called.Text));
        Assert.Contains(
            $"CONNECT 127.0.0.1:{bench.Upstream.Port} HTTP/1.1\r\nHost: 127.0.0.1:{bench.Upstream.Port}\r\nProxy-Authorization: Basic {Credentials}\r\n\r\n", bench.Proxy.Heads);
        var received = bench.Upstream.Received[^1];
        Assert.StartsWith("GET /base HTTP/1.1\r\n", received, StringComparison.Ordinal);
        Assert.Contains($"\r\nHost: service.example:{bench.Upstream.Port}\r\n", received, StringComparison.Ordinal);
        Assert.DoesNotContain("Proxy-", received, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, bench.Resolver.Count("service.example"));
    }

    [Fact]
    public async Task Https_KeepsTheNameForTls()
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("tls.example");
        bench.Resolver.Set("tls.example", "127.0.0.1");
        var names = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http1AndHttp2, https: new HttpsConnectionAdapterOptions
        {
            ServerCertificateSelector = (_, name) =>
            {
                names.Enqueue(name);
                return certificate;
            },
        });
        var port = new Uri(upstream.Url).Port;
        var called = await bench.SaveAndCallAsync($"https://tls.example:{port}/x", settings: new JsonObject { ["serverCertificates"] = certificates.Pem });
        Assert.Equal(200, called.Status);
        var request = Assert.Single(upstream.Requests);
        Assert.Equal(("HTTP/2", $"tls.example:{port}"), (request.Protocol, request.Header("Host")));
        Assert.Equal("tls.example", Assert.Single(names));
        Assert.Contains(bench.Proxy.Heads, head => head.StartsWith($"CONNECT 127.0.0.1:{port} ", StringComparison.Ordinal));
        Assert.DoesNotContain(bench.Proxy.Heads, head => head.Contains("tls.example", StringComparison.Ordinal) || head.Contains(EgressBench.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ProxysOwnAddress_IsNotForNamedCredentials()
    {
        var before = bench.Proxy.Connections;
        var called = await bench.SaveAndCallAsync($"http://proxy.corp:{bench.Proxy.Port}/");
        Assert.Equal((403, "egress-denied", before), (called.Status, called.Code, bench.Proxy.Connections));
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.1,10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("127.0.0.2")]
    public async Task Name_ThatLeadsInside_IsDenied_AndTheProxyNotAsked(string answer)
    {
        var host = bench.NewName().ToLowerInvariant() + ".inside.example";
        bench.Resolver.Set(host, answer);
        var before = bench.Proxy.Connections;
        var called = await bench.SaveAndCallAsync($"http://{host}/");
        Assert.Equal((403, "egress-denied"), (called.Status, called.Code));
        Assert.Equal(before, bench.Proxy.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", "407")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret", "403")]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "503")]
    [InlineData("not http\r\n\r\n", "can't be reached, or doesn't speak HTTP")]
    public async Task Refusal_IsUnreachable_AndSaysWhy(string answer, string detail)
    {
        var usual = bench.Proxy.Answer;
        var before = bench.Upstream.Connections;
        bench.Proxy.Answer = answer;
        try
        {
            var called = await bench.SaveAndCallAsync($"http://127.0.0.1:{bench.Upstream.Port}/");
            Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));
            var told = (string?)JsonNode.Parse(called.Text)!["detail"];
            Assert.Contains(detail, told, StringComparison.Ordinal);
            Assert.Contains("Vault:Egress:Proxy", told, StringComparison.Ordinal);
            SecretForms.AssertAbsent(called.Text, "the answer", ProxiedEgressBench.Password, Credentials);
        }
        finally
        {
            bench.Proxy.Answer = usual;
        }

        Assert.Equal(before, bench.Upstream.Connections);
    }
}
