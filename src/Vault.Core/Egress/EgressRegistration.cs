using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Egress;

/// <summary>Registers this folder.</summary>
public static class EgressRegistration
{
    /// <summary>Adds <see cref="EgressPolicy"/>, <see cref="IHostResolver"/> and <see cref="UpstreamConnections"/>.</summary>
    public static IServiceCollection AddVaultEgress(this IServiceCollection services, EgressOptions options) =>
        services
            .AddSingleton(new EgressPolicy(options))
            .AddSingleton<IHostResolver, SystemHostResolver>()
            .AddSingleton<UpstreamConnections>();
}
