using Microsoft.Data.Sqlite;
using Npgsql;
using Vault.Core.Secrets;
using Vault.Core.Storage.Backups;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// An empty PostgreSQL database and an empty data directory. The backup is restored into a SQLite file in the directory <c>restoring</c>, where
/// everything is opened and verified; only then the database is filled, in one transaction. Killed in between, it is run again.
/// </summary>
internal sealed class PostgreSqlRestorePlace : IRestorePlace
{
    private readonly RestoreDirectory _directory;
    private bool _isFilled;

    /// <summary>Takes the directory.</summary>
    /// <exception cref="VaultStartException">There is something in it, or the connection string isn't one.</exception>
    public PostgreSqlRestorePlace(string directory, string connectionString, string masterKeyPath)
    {
        Target = connectionString;
        _directory = new RestoreDirectory(directory, NameOf(connectionString), masterKeyPath, () => { });
        try
        {
            _directory.Begin();
        }
        catch
        {
            _directory.Dispose();
            throw;
        }

        var aside = new SqliteConnectionStringBuilder { DataSource = Path.Combine(Path.GetFullPath(_directory.Aside), "vault.db"), Pooling = false };
        Settings =
        [
            "--Vault:Database:Provider", Sqlite.SqliteRegistration.Provider, "--Vault:DataDirectory", _directory.Aside, "--ConnectionStrings:Vault", aside.ToString(),
            "--Vault:MasterKey:Path", masterKeyPath, "--Vault:Audit:Spool", "",
        ];
    }

    /// <inheritdoc />
    public IReadOnlyList<string> Settings { get; }

    /// <inheritdoc />
    public string? Target { get; }

    /// <inheritdoc />
    public void Commit()
    {
        // Whatever comes now, the database is there: run again, it goes on from here.
        _isFilled = true;
        _directory.MoveAudit();
        _directory.End();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (!_isFilled)
        {
            _directory.End();
        }

        _directory.Dispose();
    }

    // Without the password, which may have been changed since, and which belongs in no file.
    private static string NameOf(string connectionString)
    {
        try
        {
            var text = new NpgsqlConnectionStringBuilder(connectionString);
            return $"{text.Database ?? text.Username} on {text.Host}:{text.Port}";
        }
        catch (ArgumentException exception)
        {
            throw new VaultStartException("ConnectionStrings:Vault is no connection string of PostgreSQL, as in 'Host=…;Database=…;Username=…;Password=…'.", exception);
        }
    }
}
