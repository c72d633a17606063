using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using SQLitePCL;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Sqlite;

/// <summary>A SQLite file, which one process has to itself.</summary>
internal sealed class SqliteDatabase(IOptions<VaultStorageOptions> options, IDbContextFactory<VaultDbContext> contexts) : IVaultDatabase
{
    private const string HasHistory = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '__EFMigrationsHistory'";

    public string Place => $"{options.Value.DataDirectory} (Vault:DataDirectory, ConnectionStrings:Vault)";

    // Makes no file.
    private string OfWhatIsThere => new SqliteConnectionStringBuilder(options.Value.ConnectionString) { Mode = SqliteOpenMode.ReadWrite }.ToString();

    public DbConnection CreateConnection() => new SqliteConnection(options.Value.ConnectionString);

    public DbConnection CreateSharedConnection() => CreateConnection();

    public Task<DbConnection> OpenLastingAsync(CancellationToken cancellationToken) => CreateConnection().OpenedAsync(cancellationToken);

    public IDisposable? TakeAlone(bool mayMake)
    {
        if (mayMake)
        {
            MakeFile();
        }

        // SQLite says which file it is, in whatever way it was named: by a link, relatively, by a uri.
        using var connection = new SqliteConnection(mayMake ? options.Value.ConnectionString : OfWhatIsThere);
        connection.Open();
        return DirectoryLock.TakeOfDatabase(raw.sqlite3_db_filename(connection.Handle, "main").utf8_to_string());
    }

    public Task<IStartLock?> LockAsync(CancellationToken cancellationToken) => Task.FromResult<IStartLock?>(null);

    public async Task<bool> IsCurrentAsync(CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(OfWhatIsThere);
        await connection.OpenAsync(cancellationToken);
        return await SchemaState.IsCurrentAsync(connection, typeof(SqliteVaultDbContext), HasHistory, cancellationToken);
    }

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        MakeFile();
        await using (var connection = new SqliteConnection(options.Value.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1)
            {
                // SQLite opens what it can't write, and says so with the first record.
                throw new VaultStartException($"The database can't be written: {Place}. Let the user that the vault runs as write to the file and to its directory.");
            }

            // At every start, since a restored file isn't in it: else whoever reads would keep callouts and changes from being recorded.
            await using (var command = connection.CreateCommand())
            {
                command.CommandText = "PRAGMA journal_mode = WAL";
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            if (await SchemaState.IsCurrentAsync(connection, typeof(SqliteVaultDbContext), HasHistory, cancellationToken))
            {
                return;
            }
        }

        // This process has the database to itself, so a lock in the table was left by one that crashed.
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken);
        await context.Database.MigrateAsync(cancellationToken);
    }

    // SQLite would make it readable to every account of the machine, and so the files beside it, which get its mode.
    private void MakeFile()
    {
        var path = new SqliteConnectionStringBuilder(options.Value.ConnectionString).DataSource;
        if (!OperatingSystem.IsWindows() && !path.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && !path.Contains('|', StringComparison.Ordinal)
            && !File.Exists(path) && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            Make(path);
        }
    }

    /// <summary>Makes an empty database for its owner alone; where that can't be done, SQLite says why.</summary>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A link to nowhere, or a directory that can't be written: opening it comes next.
        }
    }

    // This process has the database to itself.
    public Task ReserveVaultKeysAsync(VaultDbContext context, CancellationToken cancellationToken) => Task.CompletedTask;
}
