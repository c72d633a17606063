using Microsoft.Extensions.Configuration;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary><c>healthcheck</c> finds the vault by the same settings.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class HealthCheckTests
{
    [Fact]
    public async Task Asks_WhereTheVaultListens()
    {
        await using var vault = new VaultFactory();
        var port = vault.AdminClient.BaseAddress!.Port;
        foreach (var (arguments, name, value, code) in new (string[], string, string, int)[]
        {
            ([], "ASPNETCORE_URLS", $"http://127.0.0.1:{port}", 0),
            ([], "ASPNETCORE_HTTP_PORTS", $"{port}", 0),
            ([], "Kestrel__Endpoints__Api__Url", $"http://*:{port}", 0),
            (["--urls", $"http://0.0.0.0:{port}"], "ASPNETCORE_HTTP_PORTS", "1", 0),
            (["--urls", "http://localhost:1"], "ASPNETCORE_HTTP_PORTS", $"{port}", 1),
        })
        {
            Assert.Equal(code, (await StartTests.RunAsync(["healthcheck", .. arguments], ("ASPNETCORE_ENVIRONMENT", "Production"), (name, value))).Code);
        }
    }

    [Theory]
    [InlineData("vault.example;other.example", 0)]
    [InlineData("*.vault.example", 0)]
    [InlineData("other.example", 1)]
    public async Task Asks_ByAHostThatTheVaultAnswersTo(string allowedHosts, int code)
    {
        await using var vault = new VaultFactory(new Dictionary<string, string?> { ["AllowedHosts"] = "vault.example;*.vault.example" });
        var result = await StartTests.RunAsync(
            ["healthcheck"], ("ASPNETCORE_ENVIRONMENT", "Production"), ("ASPNETCORE_URLS", $"http://127.0.0.1:{vault.AdminClient.BaseAddress!.Port}"), ("AllowedHosts", allowedHosts));
        Assert.Equal(code, result.Code);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("*", null)]
    [InlineData("vault.example;*", null)]
    [InlineData("vault.example;localhost", null)]
    [InlineData("vault.example;*.eu.example", "vault.example")]
    [InlineData("*.eu.example", "vault.eu.example")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    public void Host_IsOneThatIsAllowed_WhereTheAddressIsnt(string? allowedHosts, string? host) =>
        Assert.Equal(host, HostFilter.NameFor(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("AllowedHosts", allowedHosts)]).Build(), new Uri("http://localhost:5080")));

    [Theory]
    [InlineData("http://localhost:5080/")]
    [InlineData("http://localhost:1/", "urls", "https://+:2;http://+:1")]
    [InlineData("http://localhost:1/", "urls", "http://*:1", "http_ports", "3")]
    [InlineData("http://localhost:3/", "urls", "", "http_ports", "3;4", "https_ports", "5")]
    [InlineData("https://localhost:5/", "https_ports", "5")]
    [InlineData("http://10.1.2.3:7/", "urls", "http://+:1", "Kestrel:Endpoints:Api:Url", "http://10.1.2.3:7")]
    [InlineData("https://localhost:8/", "Kestrel:Endpoints:A:Url", "http://[::]:7", "Kestrel:Endpoints:A:Protocols", "Http2", "Kestrel:Endpoints:B:Url", "https://[::]:8")]
    public void Settings_AreRankedAsTheServerDoes(string address, params string[] settings) =>
        Assert.Equal(address, HealthCheck.AddressOf(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Chunk(2).Select(setting => KeyValuePair.Create(setting[0], (string?)setting[1]))).Build()).AbsoluteUri);
}
