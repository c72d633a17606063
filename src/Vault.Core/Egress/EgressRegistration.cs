using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Egress;

/// <summary>Registers this folder.</summary>
public static class EgressRegistration
{
    /// <summary>Adds <see cref="EgressPolicy"/>, <see cref="IHostResolver"/> and <see cref="UpstreamConnections"/>.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static IServiceCollection AddVaultEgress(this IServiceCollection services, IConfiguration configuration, bool isDevelopment) =>
        services
            .AddSingleton(new EgressPolicy(EgressOptions.Read(configuration, isDevelopment)))
            .AddSingleton<IHostResolver, SystemHostResolver>()
            .AddSingleton<UpstreamConnections>();
}
