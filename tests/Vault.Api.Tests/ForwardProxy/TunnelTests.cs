using System.Net.Security;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>How long a tunnel lasts, and tunnels to hosts that no named credential leads to.</summary>
public sealed class TunnelTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private static string IdOf(string key) => key.Split('_')[1];

    [Fact]
    public async Task RevokedKey_EndsItsTunnels_InTheMidstOfAnAnswerToo()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/revoked");
        var app = "App" + fixture.NewName();
        var (key, authority) = (await fixture.Vault.CreateAppAsync(app, name), new Uri(fixture.Plain.Url).Authority);
        var (idle, first) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        var (busy, second) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var one = idle;
        await using var two = busy;
        Assert.All([first, second], answer => Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal));
        var release = new TaskCompletionSource();
        fixture.Plain.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            await release.Task;
        };
        try
        {
            Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(busy, $"GET /revoked/x HTTP/1.1\r\nHost: {authority}\r\n\r\n"), StringComparison.Ordinal);
            await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/{app}/keys/{IdOf(key)}");
            var started = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(EndAsync(idle), EndAsync(busy));
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Bound, "The tunnels outlived their key.");
        }
        finally
        {
            release.SetResult();
            fixture.Plain.Answer = (context, _) => context.Response.WriteAsync("ok");
        }

        var (again, refused) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var three = again;
        Assert.StartsWith("HTTP/1.1 407 ", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RevokedKey_IsRefusedInTheTunnel_BeforeTheTunnelEnds()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/late");
        var app = "App" + fixture.NewName();
        var (key, authority) = (await fixture.Vault.CreateAppAsync(app, name), new Uri(fixture.Plain.Url).Authority);
        var (stream, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 200 ", await ForwardProxyFixture.ExchangeAsync(stream, $"HEAD /late/1 HTTP/1.1\r\nHost: {authority}\r\n\r\n"), StringComparison.Ordinal);
        await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/{app}/keys/{IdOf(key)}");
        try
        {
            var answer = await ForwardProxyFixture.ExchangeAsync(stream, $"GET /late/2 HTTP/1.1\r\nHost: {authority}\r\n\r\n");
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 401 ", StringComparison.Ordinal), answer);
        }
        catch (IOException)
        {
            // It was over already.
        }

        Assert.DoesNotContain(fixture.Plain.Requests, request => request.Target == "/late/2");
    }

    [Fact]
    public async Task RevokedGrant_CountsForTheNextRequestInTheTunnel()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/grant");
        var app = "App" + fixture.NewName();
        var (key, authority) = (await fixture.Vault.CreateAppAsync(app, name), new Uri(fixture.Plain.Url).Authority);
        var (stream, _) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key));
        await using var tunnel = stream;
        await fixture.Vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/{app}/grants/{name}");
        var answer = await ForwardProxyFixture.ExchangeAsync(stream, $"GET /grant/1 HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        Assert.Contains("X-Vault-Error: callout-not-granted", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnmatchedHost_IsTunnelled_Untouched_AndOnRecord_WhereTheSettingsSaySo()
    {
        var port = FreePort.Find();
        await using var vault = fixture.Start(port, null, ("Vault:ForwardProxy:UnmatchedHosts", "tunnel"));
        var name = await fixture.DefineAsync(fixture.Plain.Url, vault: vault);
        var key = await vault.CreateAppAsync("Tunneller", name);
        var authority = new Uri(fixture.SecureUrl).Authority;

        // The service's own certificate: nobody is between.
        var (stream, opened) = await fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(key), port);
        Assert.StartsWith("HTTP/1.1 200 ", opened, StringComparison.Ordinal);
        await using (stream)
        {
            await using var tls = new SslStream(stream, false, (_, certificate, _, _) => certificate!.Issuer == "CN=Vault test authority");
            await tls.AuthenticateAsClientAsync(ForwardProxyFixture.Host);
            var answer = await ForwardProxyFixture.ExchangeAsync(tls, $"GET /raw HTTP/1.1\r\nHost: {authority}\r\nX-Vault-Key: own\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        }

        var received = fixture.Secure.Requests.Single(request => request.Target == "/raw");
        Assert.Equal("own", received.Header("X-Vault-Key"));
        Assert.Null(received.Header("Authorization"));
        Assert.Null(received.Header("CDN-Loop"));

        // The second record, with how much it was, comes when the tunnel ends.
        var record = (await fixture.EndedAsync("action=tunnel", count: 1, vault)).Single()!;
        Assert.Equal((authority, "Tunneller", "success", 200), ((string?)record["target"], (string?)record["actor"], (string?)record["outcome"], (int?)record["status"]));
        Assert.True((long)record["bytesIn"]! > 100 && (long)record["bytesOut"]! > 100);

        // What a named credential leads to is never handed on unread, and what egress denies is denied.
        var (matched, _) = await fixture.ConnectAsync(new Uri(fixture.Plain.Url).Authority, ForwardProxyFixture.Basic(key), port);
        await using (matched)
        {
            await ForwardProxyFixture.ExchangeAsync(matched, $"GET /matched HTTP/1.1\r\nHost: {new Uri(fixture.Plain.Url).Authority}\r\n\r\n");
            Assert.NotNull(fixture.Plain.Requests.Single(request => request.Target == "/matched").Header("Authorization"));
        }

        using var own = vault.CreateClient(null);
        foreach (var (target, status, code) in new[]
        {
            ("10.0.0.1:443", 403, "egress-denied"), ("169.254.169.254:80", 403, "egress-denied"), ($"127.0.0.1:{port}", 403, "egress-denied"),
            ($"127.0.0.1:{own.BaseAddress!.Port}", 403, "egress-denied"), ($"[::ffff:127.0.0.1]:{port}", 403, "egress-denied"), ("nowhere.example:443", 502, "upstream-unreachable"),
        })
        {
            var (refused, answer) = await fixture.ConnectAsync(target, ForwardProxyFixture.Basic(key), port);
            await using var _ = refused;
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.Contains("X-Vault-Error: " + code, answer, StringComparison.Ordinal);
            Assert.Contains(await fixture.AuditAsync("action=callout&pageSize=100", vault), item => (string?)item!["code"] == code && (string?)item["method"] == "CONNECT");
        }
    }

    [Fact]
    public async Task RawTunnel_EndsWithItsKey()
    {
        var port = FreePort.Find();
        await using var vault = fixture.Start(port, null, ("Vault:ForwardProxy:UnmatchedHosts", "tunnel"));
        var key = await vault.CreateAppAsync("Tunneller");
        var (stream, opened) = await fixture.ConnectAsync(new Uri(fixture.Plain.Url).Authority, ForwardProxyFixture.Basic(key), port);
        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 200 ", opened, StringComparison.Ordinal);
        await vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/Tunneller/keys/{IdOf(key)}");
        var started = TimeProvider.System.GetTimestamp();
        await EndAsync(stream);
        Assert.True(TimeProvider.System.GetElapsedTime(started) < Bound, "The tunnel outlived its key.");
    }

    [Fact]
    public async Task Key_StandsInNoLogLine_AndNoRecord_HoweverItIsSent()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/logged");
        var (key, authority) = (await fixture.AppAsync(name), new Uri(fixture.Plain.Url).Authority);
        foreach (var header in new[] { ForwardProxyFixture.Basic(key), $"Proxy-Authorization: Bearer {key}\r\n", ForwardProxyFixture.Basic(key + "x"), $"Proxy-Authorization: Bearer {key}\r\nBad Name: 1\r\n" })
        {
            var (stream, _) = await fixture.ConnectAsync(authority, header);
            await using var tunnel = stream;
            await ForwardProxyFixture.ExchangeAsync(stream, $"GET /logged/x HTTP/1.1\r\nHost: {authority}\r\n{header}\r\n");
        }

        var basic = ForwardProxyFixture.Basic(key).Split(' ')[^1].Trim();
        var records = (await fixture.AuditAsync("pageSize=500")).ToJsonString();
        Assert.DoesNotContain(fixture.Vault.Logs.Lines.Append(records), line =>
            line.Contains(key.Split('_', 3)[2], StringComparison.Ordinal) || line.Contains(basic, StringComparison.Ordinal) || line.Contains(ForwardProxyFixture.Secret, StringComparison.Ordinal));
        Assert.All(fixture.Plain.Requests.Where(request => request.Target.StartsWith("/logged", StringComparison.Ordinal)), request => Assert.Null(request.Header("Proxy-Authorization")));
    }

    // Reads until the connection ends.
    private static async Task EndAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset.
        }
    }
}
