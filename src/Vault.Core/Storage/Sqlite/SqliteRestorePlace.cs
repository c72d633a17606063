using Microsoft.Data.Sqlite;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Backups;

namespace Vault.Core.Storage.Sqlite;

/// <summary>
/// An empty data directory. The database is filled under another name beside its place, the files of the audit in the directory
/// <c>restoring</c>; all are renamed at the end, and that directory, which keeps a vault from starting, goes last.
/// </summary>
internal sealed class SqliteRestorePlace : IRestorePlace
{
    private static readonly string[] Companions = ["", "-wal", "-shm", "-journal"];
    private readonly string _database;
    private readonly string _databaseAside;
    private readonly RestoreDirectory _directory;
    private bool _isCommitted;

    /// <summary>Takes the directory. What a restore for the same database left there in the middle is removed: the backup was looked at before.</summary>
    /// <exception cref="VaultStartException">There is something in it.</exception>
    public SqliteRestorePlace(string directory, string connectionString, string masterKeyPath)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        _database = Path.GetFullPath(connection.DataSource);
        _databaseAside = _database + ".restoring";
        _directory = new RestoreDirectory(
            directory, _database, masterKeyPath,
            () =>
            {
                Remove(_databaseAside);
                Remove(_database);
            },
            _database);
        try
        {
            RestoreDirectory.RequireNo(File.Exists(_database) ? _database : null);
            _directory.Begin();
            SqliteDatabase.Make(_databaseAside);
        }
        catch
        {
            _directory.Dispose();
            throw;
        }

        connection.DataSource = _databaseAside;
        connection.Pooling = false;
        Settings = ["--Vault:DataDirectory", _directory.Aside, "--ConnectionStrings:Vault", connection.ToString(), "--Vault:MasterKey:Path", masterKeyPath];
    }

    /// <inheritdoc />
    public IReadOnlyList<string> Settings { get; }

    /// <inheritdoc />
    public string? Target => null;

    /// <inheritdoc />
    public void Commit()
    {
        // 1. All of the database in its one file, on disk.
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _databaseAside, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            command.ExecuteNonQuery();
        }

        if (File.Exists(_databaseAside + "-wal") && new FileInfo(_databaseAside + "-wal").Length > 0)
        {
            throw new IOException("The restored database is still in use.");
        }

        using (var file = new FileStream(_databaseAside, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        // 2. Into their places; a vault starts once the directory is gone.
        _directory.MoveAudit();
        File.Move(_databaseAside, _database);
        DurableDirectory.Flush(Path.GetDirectoryName(_database) ?? "/");
        Clear();
        _isCommitted = true;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (!_isCommitted)
        {
            Clear();
        }

        _directory.Dispose();
    }

    private static void Remove(string database) => Companions.Select(companion => database + companion).ToList().ForEach(File.Delete);

    private void Clear()
    {
        Remove(_databaseAside);
        _directory.End();
    }
}
