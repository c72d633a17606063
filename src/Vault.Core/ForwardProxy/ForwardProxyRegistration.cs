using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.ForwardProxy;

/// <summary>Registers this folder.</summary>
public static class ForwardProxyRegistration
{
    /// <summary>Adds it; where the forward proxy is off, nothing of it runs but the watch over open tunnels.</summary>
    public static IServiceCollection AddVaultForwardProxy(this IServiceCollection services, ForwardProxyOptions options)
    {
        services.AddSingleton(options).AddSingleton<CertificateAuthority>();
        if (options.IsOn)
        {
            services
                .AddSingleton<ForwardedRequests>()
                .AddSingleton<LeafCertificates>()
                .AddHostedService<AuthorityUpkeep>();
        }

        // WebSockets of callouts are tunnels as well.
        return services.AddSingleton<OpenTunnels>().AddHostedService(provider => provider.GetRequiredService<OpenTunnels>());
    }
}
