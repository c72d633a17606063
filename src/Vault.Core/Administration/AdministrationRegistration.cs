using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.Secrets;
using Vault.Core.Definitions;

namespace Vault.Core.Administration;

/// <summary>Registers what the admin API does.</summary>
public static class AdministrationRegistration
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddVaultAdministration(this IServiceCollection services) => services
        .AddSingleton<DefinitionCatalog>()
        .AddSingleton<ChangeGate>()
        .AddSingleton<ExternalCredentialAdministration>()
        .AddSingleton<CredentialAdministration>()
        .AddSingleton<NamedCredentialAdministration>()
        .AddSingleton<AppAdministration>()
        .AddSingleton<KeyAdministration>()
        .AddSingleton<GrantAdministration>()
        .AddSingleton<BootstrapAdminKey>()
        .AddHostedService<KeyUsageFlush>();
}
