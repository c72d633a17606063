using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Vault.Client;
using Vault.Client.Callouts;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the vault that this app calls out through.</summary>
public static class VaultClientServiceCollectionExtensions
{
    /// <summary>Registers the vault that the environment names: <c>VAULT_URL</c> and <c>VAULT_KEY</c>, from any configuration source.</summary>
    /// <param name="services">The app's services.</param>
    /// <returns>The same.</returns>
    public static IServiceCollection AddVaultClient(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<VaultClientOptions>().Configure<IConfiguration>((options, configuration) =>
        {
            options.Url = Uri.TryCreate(configuration["VAULT_URL"], UriKind.Absolute, out var url) ? url : null;
            options.Key = configuration["VAULT_KEY"];
        });
        services.AddSingleton<IOptionsChangeTokenSource<VaultClientOptions>>(
            provider => new ConfigurationChangeTokenSource<VaultClientOptions>(provider.GetRequiredService<IConfiguration>()));
        return Add(services);
    }

    /// <summary>Registers a vault.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Sets the options; they are validated when the app starts.</param>
    /// <returns>The same.</returns>
    public static IServiceCollection AddVaultClient(this IServiceCollection services, Action<VaultClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<VaultClientOptions>().Configure(configure);
        return Add(services);
    }

    /// <summary>Registers a vault from a section of the configuration.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="section">With the names of <see cref="VaultClientOptions"/>; a change of it is in force at once.</param>
    /// <returns>The same.</returns>
    public static IServiceCollection AddVaultClient(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<VaultClientOptions>().Bind(section);
        return Add(services);
    }

    /// <summary>Registers options of a name of their own, validated as those of callouts are; for clients of the vault that have another key.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="name">The name of the options.</param>
    /// <param name="configure">Sets the options; they are validated when the app starts.</param>
    /// <returns>The same.</returns>
    public static IServiceCollection AddVaultClientOptions(this IServiceCollection services, string name, Action<VaultClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<VaultClientOptions>(name).Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VaultClientOptions>, VaultClientOptionsValidation>());
        return services;
    }

    private static IServiceCollection Add(IServiceCollection services)
    {
        services.AddOptions<VaultClientOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VaultClientOptions>, VaultClientOptionsValidation>());
        services.AddOptionsWithValidateOnStart<VaultCalloutOptions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VaultCalloutOptions>, VaultCalloutOptionsValidation>());
        return services;
    }
}
