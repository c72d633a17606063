using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.ForwardProxy;

/// <summary>Registers this folder.</summary>
public static class ForwardProxyRegistration
{
    /// <summary>Adds it; where the forward proxy is off, nothing of it runs.</summary>
    public static IServiceCollection AddVaultForwardProxy(this IServiceCollection services, ForwardProxyOptions options)
    {
        services.AddSingleton(options).AddSingleton<CertificateAuthority>();
        if (options.IsOn)
        {
            services
                .AddSingleton<ForwardedRequests>()
                .AddSingleton<LeafCertificates>()
                .AddHostedService<AuthorityUpkeep>()
                .AddSingleton<OpenTunnels>()
                .AddHostedService(provider => provider.GetRequiredService<OpenTunnels>());
        }

        return services;
    }
}
