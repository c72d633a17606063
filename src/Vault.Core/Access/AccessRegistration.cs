using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Access;

/// <summary>Registers who may call.</summary>
public static class AccessRegistration
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddVaultAccess(this IServiceCollection services) => services
        .AddSingleton<AccessCatalog>()
        .AddSingleton<KeyHasher>()
        .AddSingleton<KeyUsage>()
        .AddSingleton<CallerResolver>();
}
