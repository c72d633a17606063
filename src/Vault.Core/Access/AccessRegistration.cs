using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Access.Issuers;

namespace Vault.Core.Access;

/// <summary>Registers who may call.</summary>
public static class AccessRegistration
{
    /// <summary>Adds it.</summary>
    /// <param name="services">To add to.</param>
    /// <param name="configuration">All settings.</param>
    /// <param name="allowHttp">Whether keys of issuers may be fetched without TLS.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static IServiceCollection AddVaultAccess(this IServiceCollection services, IConfiguration configuration, bool allowHttp)
    {
        var issuers = IssuerOptions.Read(configuration, allowHttp);
        services
            .AddSingleton(issuers)
            .AddSingleton<AccessCatalog>()
            .AddSingleton<KeyHasher>()
            .AddSingleton<KeyUsage>()
            .AddSingleton<LiveReplicas>()
            .AddSingleton<JwksDownload>()
            .AddSingleton<JwtCallers>()
            .AddSingleton<SignInLimits>()
            .AddSingleton<CallerResolver>();
        return issuers.Issuers.IsEmpty ? services : services.AddHostedService<IssuerRefresh>();
    }
}
