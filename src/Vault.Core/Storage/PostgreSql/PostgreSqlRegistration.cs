using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>Registers what is PostgreSQL's own.</summary>
internal static class PostgreSqlRegistration
{
    /// <summary>The value of <c>Vault:Database:Provider</c>.</summary>
    public const string Provider = "postgreSql";

    /// <summary>Adds it.</summary>
    /// <exception cref="VaultStartException">The connection string is missing, or isn't one.</exception>
    public static void Add(IServiceCollection services, VaultStorageOptions options)
    {
        if (options.ConnectionString.Length == 0)
        {
            throw new VaultStartException("Vault:Database:Provider is 'postgreSql', so ConnectionStrings:Vault is needed, as in 'Host=…;Database=…;Username=…;Password=…'.");
        }

        var connections = new PostgreSqlConnections(options.ConnectionString);
        services.AddSingleton(_ => connections);
        services.AddDbContextFactory<PostgreSqlVaultDbContext>(builder => builder.UseNpgsql(connections.Pooled));
        services.AddSingleton<IDbContextFactory<VaultDbContext>, PostgreSqlContextFactory>();
        services.AddSingleton<IVaultDatabase, PostgreSqlDatabase>();
        services.AddSingleton<ISnapshotReads, PostgreSqlSnapshotReads>();
        services.AddSingleton<IWrapWriter, PostgreSqlWrapWriter>();
        services.AddSingleton<PostgreSqlAuditWriter>();
        services.AddSingleton<IAuditWriter>(provider => provider.GetRequiredService<PostgreSqlAuditWriter>());
        services.AddSingleton<IAuditTurns>(provider => provider.GetRequiredService<PostgreSqlAuditWriter>());
        services.AddSingleton(provider => new SharedChanges(
            connections, provider.GetRequiredService<SnapshotLoader>(), provider.GetRequiredService<StartRows>(), provider.GetRequiredService<VaultKeyRing>(),
            provider.GetRequiredService<UpToDate>(), provider, provider.GetRequiredService<ILogger<SharedChanges>>()));
        services.AddSingleton<ISharedChanges>(provider => provider.GetRequiredService<SharedChanges>());
        services.AddSingleton<ReplicaFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<ReplicaFeed>());
        services.AddSingleton<ITokenLeases, TokenLeases>();
        services.AddSingleton<IJobTurns, JobTurns>();
    }
}
