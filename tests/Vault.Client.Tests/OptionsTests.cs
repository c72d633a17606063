using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests;

public sealed class OptionsTests
{
    private const string GoodKey = "vk_testkey12_0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData(null, GoodKey, "Url is required")]
    [InlineData("ftp://vault.example", GoodKey, "Url is required")]
    [InlineData("https://user:pw@vault.example", GoodKey, "no user info")]
    [InlineData("https://vault.example?x", GoodKey, "no user info, query or fragment")]
    [InlineData("http://vault.example", GoodKey, "in the clear")]
    [InlineData("https://vault.example", null, "Exactly one of Key and KeySource")]
    [InlineData("https://vault.example", "vk_short_secret-part", "was it cut off")]
    [InlineData("https://vault.example", " vk_testkey12_0123456789abcdef0123456789abcdef", "was it cut off")]
    public async Task Start_WithWrongOptions_FailsInASentenceWithoutTheKey(string? url, string? key, string sentence)
    {
        using var host = HostOf(new() { ["VAULT_URL"] = url, ["VAULT_KEY"] = key });

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-part", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://vault.example", GoodKey)]
    [InlineData("https://proxy.example/vault/", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln")]
    [InlineData("http://localhost:5080", GoodKey)]
    public async Task Start_WithRightOptions_Starts(string url, string key)
    {
        using var host = HostOf(new() { ["VAULT_URL"] = url, ["VAULT_KEY"] = key });

        await host.StartAsync();
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_WithWrongCalloutOptions_FailsAndNamesTheClient()
    {
        using var host = HostOf(new() { ["VAULT_URL"] = "https://vault.example", ["VAULT_KEY"] = GoodKey }, options => (options.MaxRetries, options.Principal) = (11, "no name"));

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("client x: MaxRetries must be from 0 to 10", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Principal is no name", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no name")]
    [InlineData("a__b")]
    [InlineData("../x")]
    public void UseVault_WithAWrongName_Throws(string name) =>
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddHttpClient("x").UseVault(name));

    [Fact]
    public async Task Get_AfterTheKeyWasChangedInTheConfiguration_SendsTheNewOne()
    {
        await using var vault = await RecordingUpstream.StartAsync();
        var configuration = new ConfigurationManager { ["VAULT_URL"] = vault.Url, ["VAULT_KEY"] = GoodKey };
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddVaultClient();
        services.AddHttpClient("x").UseVault("Service");
        await using var app = services.BuildServiceProvider();
        using var before = await VaultAndService.ClientOf(app).GetAsync("a");

        configuration["VAULT_KEY"] = GoodKey + "-new";
        ((IConfigurationRoot)configuration).Reload();
        using var after = await VaultAndService.ClientOf(app).GetAsync("b");

        Assert.Equal([GoodKey, GoodKey + "-new"], vault.Requests.Select(request => request.Header("X-Vault-Key")));
    }

    [Fact]
    public async Task Start_FromASection_ReadsEveryOption()
    {
        var configuration = new ConfigurationManager { ["Vault:Url"] = "http://vault.internal/base/", ["Vault:Key"] = GoodKey, ["Vault:AllowHttp"] = "true" };
        await using var app = new ServiceCollection().AddVaultClient(configuration.GetSection("Vault")).BuildServiceProvider();

        var options = app.GetRequiredService<IOptions<VaultClientOptions>>().Value;

        Assert.Equal(("http://vault.internal/base/", GoodKey, true), (options.Url!.ToString(), options.Key, options.AllowHttp));
    }

    [Fact]
    public async Task Get_AVaultBelowAPath_KeepsThePath()
    {
        await using var vault = await RecordingUpstream.StartAsync();
        var services = new ServiceCollection().AddVaultClient(options => (options.Url, options.Key) = (new Uri(vault.Url + "/base/"), GoodKey));
        services.AddHttpClient("x").UseVault("Service");
        await using var app = services.BuildServiceProvider();

        using var answer = await VaultAndService.ClientOf(app).GetAsync("record?a=1");

        Assert.Equal("/base/callout/Service/record?a=1", Assert.Single(vault.Requests).Target);
    }

    [Fact]
    public async Task Get_WithAKeySource_AsksItForEachCall()
    {
        await using var vault = await RecordingUpstream.StartAsync();
        var calls = 0;
        var services = new ServiceCollection().AddVaultClient(options => (options.Url, options.KeySource) = (new Uri(vault.Url), _ => ValueTask.FromResult($"header.token{++calls}.signature")));
        services.AddHttpClient("x").UseVault("Service");
        await using var app = services.BuildServiceProvider();

        using var first = await VaultAndService.ClientOf(app).GetAsync("a");
        using var second = await VaultAndService.ClientOf(app).GetAsync("b");

        Assert.Equal(["header.token1.signature", "header.token2.signature"], vault.Requests.Select(request => request.Header("X-Vault-Key")));
    }

    private static IHost HostOf(Dictionary<string, string?> settings, Action<VaultCalloutOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddVaultClient();
        builder.Services.AddHttpClient("x").UseVault("Service", configure ?? (_ => { }));
        return builder.Build();
    }
}
