using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Vault.Core.Audit;
using Vault.Core.Audit.Spools;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.ForwardProxy;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Storage.Backups;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.PostgreSql;
using Vault.Core.Storage.Sqlite;

namespace Vault.Core.Storage;

/// <summary>Registers the database and what is sealed in it.</summary>
public static class StorageRegistration
{
    /// <summary>Adds storage and secrets.</summary>
    /// <exception cref="VaultStartException">A setting names what isn't there.</exception>
    public static IServiceCollection AddVaultStorage(this IServiceCollection services, IConfiguration configuration)
    {
        var dataDirectory = DataDirectory(configuration);
        var options = new VaultStorageOptions
        {
            DataDirectory = dataDirectory,
            Provider = configuration["Vault:Database:Provider"] is { Length: > 0 } provider ? provider : SqliteRegistration.Provider,
            ConnectionString = configuration.GetConnectionString("Vault") ?? "",
        };
        services.AddSingleton(Options.Create(options));
        AddMasterKey(services, configuration, options.DataDirectory);
        switch (options.Provider)
        {
            case SqliteRegistration.Provider:
                SqliteRegistration.Add(services, options);
                break;
            case PostgreSqlRegistration.Provider:
                PostgreSqlRegistration.Add(services, options);
                break;
            default:
                throw new VaultStartException(
                    $"Vault:Database:Provider is '{options.Provider}'; it must be '{SqliteRegistration.Provider}' or '{PostgreSqlRegistration.Provider}'.");
        }

        services.AddSingleton<DefinitionCodec>();
        services.AddSingleton<AccessCodec>();
        services.AddSingleton<RowFaults>();
        services.AddSingleton(provider => new StartRows(provider.GetRequiredService<IVaultDatabase>(), provider.GetRequiredService<RowFaults>()));
        services.AddHostedService<WarmUp>();
        services.AddSingleton<UpToDate>();
        services.AddSingleton<StorageHealth>();
        services.AddSingleton<SnapshotLoader>();
        services.AddSingleton<IDefinitionReading>(provider => provider.GetRequiredService<SnapshotLoader>());
        services.AddSingleton<ICredentialStore, CredentialStore>();
        services.AddSingleton<ITokenStore, TokenStore>();
        services.AddSingleton<IAuthorityStore, AuthorityStore>();
        services.AddSingleton<IAuditStore, AuditStore>();
        services.AddSingleton<ISharedKnowledge>(provider => provider.GetRequiredService<UpToDate>());
        AddAudit(services, AuditOptions.Read(configuration, dataDirectory) with { IsShared = options.Provider == PostgreSqlRegistration.Provider });
        services.AddSingleton<AuditChain>();
        services.AddSingleton<AuditCheckpoints>();
        services.AddSingleton<AuditMark>();
        services.AddSingleton<AuditBeginning>();
        services.AddSingleton<AuditTail>();
        services.AddSingleton<AuditVerifier>();
        services.AddSingleton<AuditLog>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditLog>());
        services.AddSingleton<AuditRetention>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditRetention>());
        services.AddSingleton<RetiredRows>();
        services.AddHostedService(provider => provider.GetRequiredService<RetiredRows>());
        services.AddSingleton(provider => new MasterKeyChange(
            provider.GetRequiredService<IMasterKeyProvider>(),
            provider.GetRequiredService<MasterKey>(),
            provider.GetRequiredService<IntegrityKey>(),
            provider.GetRequiredService<StartRows>(),
            provider.GetRequiredService<IDbContextFactory<VaultDbContext>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new VaultBackup(
            provider.GetRequiredService<IDbContextFactory<VaultDbContext>>(),
            provider.GetRequiredService<ISnapshotReads>(),
            provider.GetRequiredService<IMasterKeyProvider>(),
            provider.GetRequiredService<MasterKey>(),
            provider.GetRequiredService<VaultStorageStart>(),
            provider.GetRequiredService<IntegrityKey>(),
            provider.GetRequiredService<IAuditStore>(),
            provider.GetRequiredService<AuditMark>(),
            provider.GetRequiredService<AuditCheckpoints>(),
            provider.GetRequiredService<AuditVerifier>(),
            provider.GetRequiredService<AuditOptions>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new VaultStorageStart(
            provider.GetRequiredService<IOptions<VaultStorageOptions>>(),
            provider.GetRequiredService<AuditOptions>(),
            provider.GetRequiredService<IVaultDatabase>(),
            provider.GetRequiredService<IDbContextFactory<VaultDbContext>>(),
            provider.GetRequiredService<StartRows>(),
            provider.GetRequiredService<IMasterKeyProvider>(),
            provider.GetRequiredService<MasterKey>(),
            provider.GetRequiredService<VaultKeyRing>(),
            provider.GetRequiredService<IKeyManager>(),
            provider.GetRequiredService<SnapshotLoader>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ISharedChanges>()));
        return services;
    }

    /// <summary>The provider of the master key that is to take the place of the one in force: <c>Vault:MasterKey:New</c>.</summary>
    /// <exception cref="VaultStartException">A setting is missing or wrong; the message names it.</exception>
    public static IMasterKeyProvider NewMasterKey(IConfiguration configuration)
    {
        var settings = new MasterKeySettings(configuration.GetSection("Vault:MasterKey:New"), defaultPath: null);
        return settings.Find("Provider") is not null ? MasterKeyProviders.Read(settings) : throw settings.Bad("Provider", "is missing: it says where the new master key is");
    }

    /// <summary>Where a backup is restored to: the database and the data directory that the settings name.</summary>
    /// <exception cref="VaultStartException">There is something already.</exception>
    public static IRestorePlace RestorePlace(IConfiguration configuration)
    {
        var directory = DataDirectory(configuration);
        var connection = configuration.GetConnectionString("Vault") ?? "";
        var masterKey = configuration["Vault:MasterKey:Path"] is { Length: > 0 } path ? path : Path.Combine(directory, "master.key");
        return configuration["Vault:Database:Provider"] is PostgreSqlRegistration.Provider
            ? new PostgreSqlRestorePlace(directory, connection, masterKey)
            : new SqliteRestorePlace(directory, connection.Length > 0 ? connection : SqliteRegistration.DefaultConnection(directory), masterKey);
    }

    // Trimmed, it could be another directory than before, and a new vault in it.
    private static string DataDirectory(IConfiguration configuration) => configuration["Vault:DataDirectory"] is not { Length: > 0 } directory ? "data"
        : directory.Trim() == directory ? directory
        : throw new VaultStartException($"Vault:DataDirectory is '{directory}'; it must have no white space at its ends.");

    private static void AddAudit(IServiceCollection services, AuditOptions options)
    {
        if (options is { SpoolDirectory: not null, IsShared: false })
        {
            throw new VaultStartException(
                "Vault:Audit:Spool is for PostgreSQL (Vault:Database:Provider=postgreSql): on SQLite, records that the database can't take have nowhere better to go on the same disk.");
        }

        services.AddSingleton(options);
        if (options.SpoolDirectory is not null)
        {
            services.AddSingleton<AuditSpool>();
        }
    }

    private static void AddMasterKey(IServiceCollection services, IConfiguration configuration, string dataDirectory)
    {
        services.AddSingleton(MasterKeyProviders.Read(new MasterKeySettings(configuration.GetSection("Vault:MasterKey"), Path.Combine(dataDirectory, "master.key"))));
        services.AddSingleton<MasterKey>();
        services.AddSingleton<VaultKeyRing>();
        services.AddSingleton<SecretSealer>();
        services.AddSingleton<IntegrityKey>();
        services.AddDataProtection().SetApplicationName(CryptographicLabels.Application).DisableAutomaticKeyGeneration()
            .UseCryptographicAlgorithms(new AuthenticatedEncryptorConfiguration
            {
                EncryptionAlgorithm = EncryptionAlgorithm.AES_256_GCM,
                ValidationAlgorithm = ValidationAlgorithm.HMACSHA256,
            });
        services.AddOptions<KeyManagementOptions>().Configure<IDbContextFactory<VaultDbContext>, StartRows, MasterKey>((ring, contexts, rows, key) =>
        {
            ring.XmlRepository = new KeyRingStore(contexts, rows);
            ring.XmlEncryptor = new MasterKeyXmlEncryptor(key);
        });
    }
}
