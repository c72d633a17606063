using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Egress;

/// <summary>Registers this folder.</summary>
public static class EgressRegistration
{
    /// <summary>Adds <see cref="EgressPolicy"/>, <see cref="IHostResolver"/>, <see cref="LoopGuard"/> and <see cref="UpstreamConnections"/>.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="options">The settings, read.</param>
    /// <param name="vaultId">Names this vault, all its replicas alike; asked once the vault has started.</param>
    public static IServiceCollection AddVaultEgress(this IServiceCollection services, EgressOptions options, Func<IServiceProvider, string> vaultId) =>
        services
            .AddSingleton(new EgressPolicy(options))
            .AddSingleton(provider => new LoopGuard(() => vaultId(provider)))
            .AddSingleton<IHostResolver, SystemHostResolver>()
            .AddSingleton<UpstreamConnections>();
}
