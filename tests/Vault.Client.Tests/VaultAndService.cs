using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests;

/// <summary>A vault with a named credential <c>Service</c> (Basic), granted to the app <c>Billing</c>, and the service behind it.</summary>
public sealed class VaultAndService : IAsyncLifetime
{
    /// <summary>The vault.</summary>
    public VaultFactory Vault { get; } = new();

    /// <summary>What it calls.</summary>
    public RecordingUpstream Service { get; private set; } = null!;

    /// <summary>The app's key.</summary>
    public string Key { get; private set; } = "";

    /// <summary>Where the vault is.</summary>
    public Uri Url => Vault.AdminClient.BaseAddress!;

    public async Task InitializeAsync()
    {
        Service = await RecordingUpstream.StartAsync();
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Service", "url": "{{Service.Url}}/api", "authentication": { "protocol": "password", "username": "u", "password": "the-password" } }
            """);
        Key = await Vault.CreateAppAsync("Billing", "Service");
    }

    public async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Service.DisposeAsync();
    }

    /// <summary>An app that uses the vault.</summary>
    public ServiceProvider App(Action<IServiceCollection> register, string? key = null, ILoggerProvider? logs = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => _ = logs is null ? logging : logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        services.AddVaultClient(options => (options.Url, options.Key) = (Url, key ?? Key));
        register(services);
        return services.BuildServiceProvider();
    }

    /// <summary>A client of an app.</summary>
    public static HttpClient ClientOf(ServiceProvider app, string name = "x") => app.GetRequiredService<IHttpClientFactory>().CreateClient(name);
}
