using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Vault.Core.Storage.Sqlite;

/// <summary>Registers what is SQLite's own.</summary>
internal static class SqliteRegistration
{
    /// <summary>The value of <c>Vault:Database:Provider</c>.</summary>
    public const string Provider = "sqlite";

    /// <summary>Adds it; without a connection string, a file in the data directory.</summary>
    public static void Add(IServiceCollection services, VaultStorageOptions options)
    {
        if (options.ConnectionString.Length == 0)
        {
            options.ConnectionString = DefaultConnection(options.DataDirectory);
        }

        services.AddDbContextFactory<SqliteVaultDbContext>(builder => builder.UseSqlite(options.ConnectionString).AddInterceptors(new ConnectionPragmas()));
        services.AddSingleton<IDbContextFactory<VaultDbContext>, SqliteContextFactory>();
        services.AddSingleton<IVaultDatabase, SqliteDatabase>();
        services.AddSingleton<IAuditWriter, SqliteAuditWriter>();
        services.AddSingleton<ISnapshotReads, SqliteSnapshotReads>();
    }

    /// <summary>The file in a data directory.</summary>
    public static string DefaultConnection(string dataDirectory) =>
        new SqliteConnectionStringBuilder { DataSource = Path.Combine(dataDirectory, "vault.db"), DefaultTimeout = 10, ForeignKeys = true }.ToString();
}
