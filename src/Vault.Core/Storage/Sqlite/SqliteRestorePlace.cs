using Microsoft.Data.Sqlite;
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
    private readonly string _directory;
    private readonly string _aside;
    private readonly string _database;
    private readonly string _databaseAside;
    private readonly DirectoryLock _lock;
    private bool _isCommitted;

    /// <summary>Takes the directory.</summary>
    /// <exception cref="VaultStartException">There is something in it.</exception>
    public SqliteRestorePlace(string directory, string connectionString, string masterKeyPath)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        (_directory, _aside) = (directory, Path.Combine(directory, IRestorePlace.Unfinished));
        (_database, _databaseAside) = (connection.DataSource, connection.DataSource + ".restoring");
        MakeForOwner(directory);
        _lock = DirectoryLock.Take(Path.Combine(directory, DirectoryLock.FileName));
        try
        {
            if (Directory.Exists(_aside))
            {
                // One that ended in the middle: no vault was started since, so nothing here is anybody's data.
                Clear();
                Directory.EnumerateFiles(directory, "audit-*").ToList().ForEach(File.Delete);
                Companions.Select(companion => _database + companion).ToList().ForEach(File.Delete);
            }

            var other = Directory.EnumerateFileSystemEntries(directory)
                .FirstOrDefault(entry => Path.GetFileName(entry) != DirectoryLock.FileName && Path.GetFullPath(entry) != Path.GetFullPath(masterKeyPath));
            if (other is not null || File.Exists(_database))
            {
                throw new VaultStartException($"There is something already: {other ?? _database}. A backup is restored into an empty data directory (Vault:DataDirectory); the master key's file may lie there.");
            }

            MakeForOwner(_aside);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }

        connection.DataSource = _databaseAside;
        connection.Pooling = false;
        Settings = ["--Vault:DataDirectory", _aside, "--ConnectionStrings:Vault", connection.ToString(), "--Vault:MasterKey:Path", masterKeyPath];
    }

    /// <inheritdoc />
    public IReadOnlyList<string> Settings { get; }

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
        foreach (var file in Directory.EnumerateFiles(_aside, "audit-*"))
        {
            File.Move(file, Path.Combine(_directory, Path.GetFileName(file)));
        }

        File.Move(_databaseAside, _database);
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

        _lock.Dispose();
    }

    private void Clear()
    {
        Companions.Select(companion => _databaseAside + companion).ToList().ForEach(File.Delete);
        if (Directory.Exists(_aside))
        {
            Directory.Delete(_aside, recursive: true);
        }
    }

    private static void MakeForOwner(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
