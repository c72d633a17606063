using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>
/// A vault between two ends that tests hold byte by byte. <c>Raw</c>, <c>Held</c> and <c>Below</c> lead to a listener that
/// counts who connects: <c>Raw</c> streams bodies, <c>Held</c> reads them whole first, <c>Below</c> has a path in its url.
/// </summary>
public sealed class WireFixture : IAsyncLifetime
{
    public const string Secret = "canary-bearer-token-7261";

    private int _names;

    public VaultFactory Vault { get; private set; } = null!;

    public RawUpstream Upstream { get; } = RawUpstream.Start();

    public int Http2Port { get; } = FreePort.Find();

    /// <summary>A key of an app that may use them.</summary>
    public string Key { get; private set; } = "";

    public Uri Address { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Vault = new VaultFactory(http2Port: Http2Port);
        await DefineAsync("Raw", $"\"url\": \"{Upstream.Url}\"");
        await DefineAsync("Held", $"\"url\": \"{Upstream.Url}\", \"allowMergeFieldsInBody\": true");
        await DefineAsync("Below", $"\"url\": \"{Upstream.Url}/api/v1\"");
        Key = await Vault.CreateAppAsync("Wire", "Raw", "Held", "Below");
        using var client = Vault.CreateClient(Key);
        Address = client.BaseAddress!;
    }

    public async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>Defines a named credential with a bearer token; settings are JSON properties.</summary>
    public Task<JsonNode?> DefineAsync(string name, string settings) => Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
        { "name": "{{name}}", "authentication": { "protocol": "bearer", "token": "{{Secret}}" }, {{settings}} }
        """);

    /// <summary>A named credential of its own, and an app that may use it.</summary>
    public async Task<(string Name, string Key)> NewAsync(string settings)
    {
        var name = "Own" + Interlocked.Increment(ref _names);
        await DefineAsync(name, settings);
        return (name, await Vault.CreateAppAsync("App" + name, name));
    }

    /// <summary>Sends a request over a connection of its own; <c>Sent</c> is the head that went upstream, null where nothing did.</summary>
    public async Task<(RawClient.RawAnswer Answer, string? Sent)> ExchangeAsync(string request, string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    {
        string? sent = null;
        var connections = Upstream.Connections;
        Upstream.Answer = async (stream, head) =>
        {
            sent = head;
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(answer));
            stream.Close();
        };
        var received = await RawClient.SendAsync(Address, null, Fill(request));
        Assert.Equal(sent is null, connections == Upstream.Connections);
        return (received, sent);
    }

    /// <summary>Fills in what is the same in every request: the host and the key.</summary>
    public string Fill(string request) => request
        .Replace("{host}", $"Host: {Address.Authority}\r\nX-Vault-Key: {Key}", StringComparison.Ordinal)
        .Replace("{authority}", Address.Authority, StringComparison.Ordinal);
}
