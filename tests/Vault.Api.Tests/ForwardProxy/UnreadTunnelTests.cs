using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Access;
using Vault.Core.Egress;
using Vault.Core.ForwardProxy;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>Tunnels whose bytes the vault only hands on: how they end, how many there are, and what is on record of those that never were.</summary>
public sealed class UnreadTunnelTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>, IAsyncLifetime
{
    private readonly int _port = FreePort.Find();
    private VaultFactory _vault = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _vault = fixture.Start(_port, null, ("Vault:ForwardProxy:UnmatchedHosts", "tunnel"));
        _key = await _vault.CreateAppAsync("Tunneller");
    }

    public async Task DisposeAsync() => await _vault.DisposeAsync();

    private ScriptedResolver Resolver => (ScriptedResolver)_vault.Services.GetRequiredService<IHostResolver>();

    private Task<(NetworkStream Stream, string Answer)> ConnectAsync(string authority) => fixture.ConnectAsync(authority, ForwardProxyFixture.Basic(_key), _port);

    [Fact]
    public async Task ClientThatSendsNothingMore_StillGetsTheWholeAnswer()
    {
        const int Size = 4 * 1024 * 1024;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var served = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await using var service = new NetworkStream(socket);
            using var asked = new MemoryStream();
            await service.CopyToAsync(asked);
            await service.WriteAsync(new byte[Size]);
            return Encoding.ASCII.GetString(asked.ToArray());
        });
        var (stream, opened) = await ConnectAsync(listener.LocalEndpoint.ToString()!);
        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 200 ", opened, StringComparison.Ordinal);
        await stream.WriteAsync("all that I say"u8.ToArray());
        stream.Socket.Shutdown(SocketShutdown.Send);
        using var received = new MemoryStream();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await stream.CopyToAsync(received, limit.Token);
        Assert.Equal("all that I say", await served);
        Assert.Equal(Size, received.Length);
        var record = (await fixture.EndedAsync("action=tunnel", count: 1, _vault)).Single()!;
        Assert.Equal((14, Size), ((int)record["bytesIn"]!, (int)record["bytesOut"]!));
    }

    [Fact]
    public async Task RevokedKey_FreesTheService_OfAClientThatReadsNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var flooded = new TaskCompletionSource();
        var served = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await using var service = new NetworkStream(socket);
            var sent = 0L;
            while (true)
            {
                if ((sent += 64 * 1024) > 1024 * 1024)
                {
                    flooded.TrySetResult();
                }

                await service.WriteAsync(new byte[64 * 1024]);
            }
        });
        var (stream, _) = await ConnectAsync(listener.LocalEndpoint.ToString()!);
        await using var tunnel = stream;
        await flooded.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await _vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/Tunneller/keys/{_key.Split('_')[1]}");
        await Assert.ThrowsAsync<IOException>(() => served.WaitAsync(TimeSpan.FromSeconds(20)));
        await fixture.EndedAsync("action=tunnel", count: 1, _vault);
    }

    [Fact]
    public async Task ClientThatGoesAway_WhileTheWayIsLookedFor_IsOnRecord()
    {
        var asked = new TaskCompletionSource();
        Resolver.Set("slow.example", cancellationToken =>
        {
            asked.SetResult();
            return new TaskCompletionSource<IReadOnlyList<IPAddress>>().Task.WaitAsync(cancellationToken);
        });
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, _port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"CONNECT SLOW.example:443 HTTP/1.1\r\n{ForwardProxyFixture.Basic(_key)}\r\n"));
            await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        var record = await RecordAsync();
        Assert.Equal(("slow.example:443", "slow.example:443", "failed", "Tunneller"),
            ((string?)record["target"], (string?)record["host"], (string?)record["outcome"], (string?)record["actor"]));
        Assert.Null(record["status"]);
    }

    [Fact]
    public async Task LookupThatThrows_IsAnswered_AndOnRecord()
    {
        // As the platform's own does for 0.0.0.0 and [::].
        Resolver.Set("odd.example", _ => throw new ArgumentException("IPv4 address 0.0.0.0 and IPv6 address ::0 are unspecified addresses."));
        var (stream, answer) = await ConnectAsync("odd.example:443");
        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 502 ", answer, StringComparison.Ordinal);
        Assert.Contains("X-Vault-Error: upstream-unreachable", answer, StringComparison.Ordinal);
        Assert.Contains(await fixture.AuditAsync("action=callout", _vault), item => (string?)item!["host"] == "odd.example" && (string?)item["code"] == "upstream-unreachable");
    }

    [Fact]
    public async Task MoreThanAnAppMayHave_AreRefused_UntilOneEnds()
    {
        var app = _vault.Services.GetRequiredService<AccessCatalog>().Current.Apps.Single(app => app.Value.Name.Value == "Tunneller").Key;
        var tunnels = _vault.Services.GetRequiredService<OpenTunnels>();
        var open = Enumerable.Range(0, OpenTunnels.MostOfAnApp).Select(_ => tunnels.TryOpen(app, _key, new ConnectionKey(), () => { })).ToList();
        Assert.All(open, Assert.NotNull);
        var authority = new Uri(fixture.Plain.Url).Authority;
        var before = fixture.Plain.Connections;
        var (refused, answer) = await ConnectAsync(authority);
        await using var one = refused;
        Assert.StartsWith("HTTP/1.1 429 ", answer, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 10\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(before, fixture.Plain.Connections);
        Assert.Contains(await fixture.AuditAsync("action=callout", _vault), item => (string?)item!["code"] == "rate-limited" && (string?)item["method"] == "CONNECT");

        // Another app isn't bothered; and one that is disposed of twice counts once.
        Assert.NotNull(tunnels.TryOpen(Guid.NewGuid(), _key, new ConnectionKey(), () => { }));
        open[0]!.Dispose();
        open[0]!.Dispose();
        var (opened, second) = await ConnectAsync(authority);
        await using var two = opened;
        Assert.StartsWith("HTTP/1.1 200 ", second, StringComparison.Ordinal);
        var (again, third) = await ConnectAsync(authority);
        await using var three = again;
        Assert.StartsWith("HTTP/1.1 429 ", third, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostOfANamedCredential_WithFieldsInItsPath_IsNeverHandedOnUnread()
    {
        var name = await fixture.DefineAsync(fixture.Plain.Url + "/{!$Credential.Tenant}/a", vault: _vault);
        await _vault.GrantAsync("Tunneller", name);
        var authority = new Uri(fixture.Plain.Url).Authority;
        var (stream, opened) = await ConnectAsync(authority);
        await using var tunnel = stream;
        Assert.StartsWith("HTTP/1.1 200 ", opened, StringComparison.Ordinal);
        var answer = await ForwardProxyFixture.ExchangeAsync(stream, $"GET /x/a/b HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        Assert.Contains("X-Vault-Error: callout-not-granted", answer, StringComparison.Ordinal);
        Assert.Empty(await fixture.AuditAsync("action=tunnel", _vault));
    }

    // It comes a moment after the tunnel's end.
    private async Task<JsonObject> RecordAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if ((await fixture.AuditAsync("action=tunnel", _vault)).SingleOrDefault() is JsonObject record)
            {
                return record;
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
