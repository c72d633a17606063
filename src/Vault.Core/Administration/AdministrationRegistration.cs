using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Consents;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.DefinitionSets;
using Vault.Core.Administration.Secrets;
using Vault.Core.Administration.Transfer;
using Vault.Core.Administration.VaultKeys;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration;

/// <summary>Registers what the admin API does.</summary>
public static class AdministrationRegistration
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddVaultAdministration(this IServiceCollection services, IConfiguration configuration) => services
        .AddSingleton(ConsentOptions.Read(configuration))
        .AddSingleton<DefinitionCatalog>()
        .AddSingleton<ChangeGate>()
        .AddSingleton<ExternalCredentialAdministration>()
        .AddSingleton<CredentialAdministration>()
        .AddSingleton<Accounts>()
        .AddSingleton<TokenEnding>()
        .AddSingleton<ConsentKeeping>()
        .AddSingleton<DeviceConsents>()
        .AddSingleton<ConsentAdministration>()
        .AddSingleton<IConsentDemand>(provider => provider.GetRequiredService<ConsentAdministration>())
        .AddSingleton<NamedCredentialAdministration>()
        .AddSingleton<AppAdministration>()
        .AddSingleton<KeyAdministration>()
        .AddSingleton<GrantAdministration>()
        .AddSingleton<DefinitionSetAdministration>()
        .AddSingleton<BootstrapAdminKey>()
        .AddSingleton<DatabaseCopy>()
        .AddSingleton<VaultKeyAdministration>()
        .AddSingleton(provider => new KeyVerification(
            provider.GetRequiredService<IDbContextFactory<VaultDbContext>>(),
            provider.GetRequiredService<ISnapshotReads>(),
            provider.GetRequiredService<DefinitionCodec>(),
            provider.GetRequiredService<AccessCodec>(),
            provider.GetRequiredService<CredentialBinder>(),
            provider.GetRequiredService<SecretSealer>(),
            provider.GetRequiredService<VaultKeyRing>()))
        .AddSingleton<PendingRecords>()
        .AddSingleton<Rewrapping>()
        .AddHostedService(provider => provider.GetRequiredService<Rewrapping>())
        .AddHostedService<KeyUsageFlush>();
}
