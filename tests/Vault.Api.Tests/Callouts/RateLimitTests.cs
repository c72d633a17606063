using Vault.Api.Tests.Protocols;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary><c>rateLimit</c>: per app and named credential, with <c>Retry-After</c>; nothing is sent.</summary>
public sealed class RateLimitTests : ProtocolBench
{
    [Fact]
    public async Task RateLimit_ComesBeforeThePrincipal()
    {
        var app = await DefineAsync("""{ "protocol": "none" }""", "", named: """, "rateLimit": { "permits": 2, "perSeconds": 60 }""");
        app.DefaultRequestHeaders.Add("X-Vault-Principal", "nobody");
        await ExpectAsync(await CallAsync(app), 403, "callout-not-granted");
        await ExpectAsync(await CallAsync(app), 403, "callout-not-granted");
        await ExpectAsync(await CallAsync(app), 429, "rate-limited");
    }

    [Theory]
    [InlineData("X-Vault-Principal: default\r\nX-Vault-Principal: default")]
    [InlineData("X-Vault-User: ann\r\nX-Vault-User: ann")]
    [InlineData("X-Vault-User: \u00FF")]
    public async Task RateLimit_ComesBeforeWhomTheCallerAsksFor(string headers)
    {
        using var app = await DefineAsync("""{ "protocol": "none" }""", "", named: """, "rateLimit": { "permits": 2, "perSeconds": 60 }""");
        foreach (var status in new[] { 403, 403, 429 })
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(app.BaseAddress!.Host, app.BaseAddress.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(
                $"GET /callout/{Name}/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Vault-Key: {app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single()}\r\n{headers}\r\n\r\n"));
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task MoreThanAllowed_IsRefused_UntilTimeHasPassed()
    {
        var app = await DefineAsync("""{ "protocol": "none" }""", "", named: """, "rateLimit": { "permits": 3, "perSeconds": 60 }""");
        var other = Vault.CreateClient(await Vault.CreateAppAsync("OtherApp", Name));
        for (var call = 0; call < 3; call++)
        {
            await ExpectAsync(await CallAsync(app), 200);
        }

        using var refused = await CallAsync(app);
        Assert.Equal("20", refused.Headers.GetValues("Retry-After").Single());
        await ExpectAsync(refused, 429, "rate-limited");
        Assert.Equal(3, Service.Requests.Count);
        await ExpectAsync(await CallAsync(other), 200);
        Time.Advance(TimeSpan.FromSeconds(20));
        await ExpectAsync(await CallAsync(app), 200);
        await ExpectAsync(await CallAsync(app), 429, "rate-limited");
        Time.Advance(TimeSpan.FromHours(1));
        for (var call = 0; call < 3; call++)
        {
            await ExpectAsync(await CallAsync(app), 200);
        }

        await ExpectAsync(await CallAsync(app), 429, "rate-limited");

        // A change is in force at once; the read form shows it.
        var read = (await Vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials/" + Name))!;
        Assert.Equal(3, (int)read["rateLimit"]!["permits"]!);
        read["rateLimit"] = null;
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + Name, read.ToJsonString());
        await ExpectAsync(await CallAsync(app), 200);
    }
}
