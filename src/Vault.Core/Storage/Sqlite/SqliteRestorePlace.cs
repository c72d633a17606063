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
    private const string DatabaseFile = "database";
    private static readonly string[] Companions = ["", "-wal", "-shm", "-journal"];
    private readonly string _directory;
    private readonly string _aside;
    private readonly string _database;
    private readonly string _databaseAside;
    private readonly DirectoryLock _lock;
    private bool _isCommitted;

    /// <summary>Takes the directory. What a restore for the same database left there in the middle is removed: the backup was looked at before.</summary>
    /// <exception cref="VaultStartException">There is something in it.</exception>
    public SqliteRestorePlace(string directory, string connectionString, string masterKeyPath)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        (_directory, _aside) = (directory, Path.Combine(directory, IRestorePlace.Unfinished));
        _database = Path.GetFullPath(connection.DataSource);
        _databaseAside = _database + ".restoring";
        MakeForOwner(directory);
        _lock = DirectoryLock.Take(Path.Combine(directory, DirectoryLock.FileName));
        try
        {
            if (Directory.Exists(_aside))
            {
                RemoveUnfinished();
            }

            var other = Directory.EnumerateFileSystemEntries(directory)
                .FirstOrDefault(entry => Path.GetFileName(entry) != DirectoryLock.FileName && Path.GetFullPath(entry) != Path.GetFullPath(masterKeyPath));
            if (other is not null || File.Exists(_database))
            {
                throw new VaultStartException($"There is something already: {other ?? _database}. A backup is restored into an empty data directory (Vault:DataDirectory); the master key's file may lie there.");
            }

            MakeForOwner(_aside);
            WriteDatabaseName();
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
        DurableDirectory.Flush(_directory);
        DurableDirectory.Flush(Path.GetDirectoryName(_database) ?? "/");
        Clear();
        DurableDirectory.Flush(_directory);
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

    // One that ended in the middle. No vault was started in the directory since, so what that restore made is nobody's data: the files of
    // the audit here, and the one database that it was made for. Any other is somebody's.
    private void RemoveUnfinished()
    {
        var name = Path.Combine(_aside, DatabaseFile);
        if (!File.Exists(name))
        {
            // It ended before it made anything.
            Directory.Delete(_aside, recursive: true);
            return;
        }

        var database = File.ReadAllText(name);
        if (database != _database)
        {
            throw new VaultStartException(
                $"A restore into {_directory} (Vault:DataDirectory) ended in the middle, and it was for another database than {_database} (ConnectionStrings:Vault). Run it again with its own settings, or remove {_aside} if you know what it left.");
        }

        Clear();
        Directory.EnumerateFiles(_directory, "audit-*").ToList().ForEach(File.Delete);
        Companions.Select(companion => _database + companion).ToList().ForEach(File.Delete);
    }

    // Whole or not at all: what is in a file of this name decides what the next restore may delete.
    private void WriteDatabaseName()
    {
        var temporary = Path.Combine(_aside, DatabaseFile + ".new");
        using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(_database));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, Path.Combine(_aside, DatabaseFile));
        DurableDirectory.Flush(_aside);
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
