using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Egress;

/// <summary>Registers this folder.</summary>
public static class EgressRegistration
{
    /// <summary>Adds <see cref="EgressPolicy"/>, <see cref="IHostResolver"/>, <see cref="LoopGuard"/> and <see cref="UpstreamConnections"/>.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The settings.</param>
    /// <param name="isDevelopment">Loopback and http are open then.</param>
    /// <param name="vaultId">Names this vault, all its replicas alike; asked once the vault has started.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static IServiceCollection AddVaultEgress(this IServiceCollection services, IConfiguration configuration, bool isDevelopment, Func<IServiceProvider, string> vaultId) =>
        services
            .AddSingleton(new EgressPolicy(EgressOptions.Read(configuration, isDevelopment)))
            .AddSingleton(provider => new LoopGuard(() => vaultId(provider)))
            .AddSingleton<IHostResolver, SystemHostResolver>()
            .AddSingleton<UpstreamConnections>();
}
