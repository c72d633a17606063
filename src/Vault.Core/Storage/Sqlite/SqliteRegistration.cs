using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Sqlite;

/// <summary>Registers what is SQLite's own.</summary>
internal static class SqliteRegistration
{
    /// <summary>The value of <c>Vault:Database:Provider</c>.</summary>
    public const string Provider = "sqlite";

    /// <summary>Adds it; without a connection string, a file in the data directory.</summary>
    /// <exception cref="VaultStartException">The connection string isn't one.</exception>
    public static void Add(IServiceCollection services, VaultStorageOptions options)
    {
        if (options.ConnectionString.Length == 0)
        {
            options.ConnectionString = DefaultConnection(options.DataDirectory);
        }

        Judge(options.ConnectionString);

        services.AddDbContextFactory<SqliteVaultDbContext>(builder => builder.UseSqlite(options.ConnectionString).AddInterceptors(new ConnectionPragmas()));
        services.AddSingleton<IDbContextFactory<VaultDbContext>, SqliteContextFactory>();
        services.AddSingleton<IVaultDatabase, SqliteDatabase>();
        services.AddSingleton<IAuditWriter, SqliteAuditWriter>();
        services.AddSingleton<ISnapshotReads, SqliteSnapshotReads>();
        services.AddSingleton<IWrapWriter, SqliteWrapWriter>();
    }

    private static void Judge(string setting)
    {
        SqliteConnectionStringBuilder text;
        try
        {
            text = new SqliteConnectionStringBuilder(setting);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // Its message may hold a part of the setting, which may hold a password.
            throw new VaultStartException("ConnectionStrings:Vault can't be read as a connection string of SQLite, as in 'Data Source=/var/lib/vault/vault.db'.");
        }

        if (text.Password.Length > 0)
        {
            throw new VaultStartException("ConnectionStrings:Vault has a Password, and SQLite encrypts no files; leave it out: what is secret in them is sealed by the vault.");
        }

        if (text.DataSource is "" or ":memory:" || text.Mode is SqliteOpenMode.Memory)
        {
            throw new VaultStartException("ConnectionStrings:Vault must name a file, as in 'Data Source=/var/lib/vault/vault.db'.");
        }
    }

    /// <summary>The file in a data directory.</summary>
    public static string DefaultConnection(string dataDirectory) =>
        new SqliteConnectionStringBuilder { DataSource = Path.Combine(dataDirectory, "vault.db"), DefaultTimeout = 10, ForeignKeys = true }.ToString();
}
