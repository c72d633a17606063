using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Backups;

/// <summary>
/// An empty data directory that a backup is restored into. The directory <c>restoring</c> in it holds what isn't in its place yet, and which database
/// it is for; it keeps a vault from starting, is made first and goes last.
/// </summary>
internal sealed class RestoreDirectory : IDisposable
{
    private const string DatabaseFile = "database";
    private readonly string _directory;
    private readonly string _database;
    private readonly DirectoryLock _lock;
    private readonly DirectoryLock? _databaseLock;

    /// <summary>Takes the directory. What a restore for the same database left there in the middle is removed: the backup was looked at before.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="database">What tells the database from any other.</param>
    /// <param name="masterKeyPath">A file that may lie there.</param>
    /// <param name="clear">Removes what a restore for this database left of it, in the middle or done.</param>
    /// <param name="file">The database's file, which no vault may use; null: it is in none.</param>
    /// <exception cref="VaultStartException">There is something in it.</exception>
    public RestoreDirectory(string directory, string database, string masterKeyPath, Action clear, string? file = null)
    {
        (_directory, _database, Aside) = (directory, database, Path.Combine(directory, IRestorePlace.Unfinished));
        MakeForOwner(directory);
        _lock = DirectoryLock.Take(directory);
        try
        {
            _databaseLock = file is null ? null : DirectoryLock.TakeOfDatabase(file);
            if (Directory.Exists(Aside))
            {
                RemoveUnfinished(clear);
            }

            var other = Directory.EnumerateFileSystemEntries(directory)
                .FirstOrDefault(entry => !DirectoryLock.IsLock(entry) && Path.GetFullPath(entry) != Path.GetFullPath(masterKeyPath) && !IsOfFileSystem(entry));
            RequireNo(other);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What isn't in its place yet.</summary>
    public string Aside { get; }

    /// <summary>What to say where there is something in the place of what is restored.</summary>
    /// <exception cref="VaultStartException">There is.</exception>
    public static void RequireNo(string? path)
    {
        if (path is not null)
        {
            throw new VaultStartException($"There is something already: {path}. A backup is restored into an empty data directory (Vault:DataDirectory); the master key's file may lie there.");
        }
    }

    /// <summary>No vault starts from here on.</summary>
    public void Begin()
    {
        MakeForOwner(Aside);

        // Whole or not at all: what is in a file of this name decides what the next restore may delete.
        var temporary = Path.Combine(Aside, DatabaseFile + ".new");
        using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(_database));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, Path.Combine(Aside, DatabaseFile));
        DurableDirectory.Flush(Aside);
    }

    /// <summary>The files of the audit into their places.</summary>
    public void MoveAudit()
    {
        foreach (var file in Directory.EnumerateFiles(Aside, "audit-*"))
        {
            File.Move(file, Path.Combine(_directory, Path.GetFileName(file)));
        }

        DurableDirectory.Flush(_directory);
    }

    /// <summary>A vault may start.</summary>
    public void End()
    {
        if (Directory.Exists(Aside))
        {
            Directory.Delete(Aside, recursive: true);
        }

        DurableDirectory.Flush(_directory);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _databaseLock?.Dispose();
        _lock.Dispose();
    }

    // The root of a fresh ext volume has it, for what a repair of the file system finds.
    private static bool IsOfFileSystem(string entry) => Path.GetFileName(entry) == "lost+found" && Directory.Exists(entry);

    // One that ended in the middle. No vault was started in the directory since, so what that restore made is nobody's data: the files of
    // the audit here, and the one database that it was made for. Any other is somebody's.
    private void RemoveUnfinished(Action clear)
    {
        var name = Path.Combine(Aside, DatabaseFile);
        if (!File.Exists(name))
        {
            // It ended before it made anything.
            Directory.Delete(Aside, recursive: true);
            return;
        }

        if (File.ReadAllText(name) != _database)
        {
            throw new VaultStartException(
                $"A restore into {_directory} (Vault:DataDirectory) ended in the middle, and it was for another database than {_database} (ConnectionStrings:Vault). Run it again with its own settings, or remove {Aside} if you know what it left.");
        }

        clear();
        Directory.EnumerateFiles(_directory, "audit-*").ToList().ForEach(File.Delete);
        Directory.Delete(Aside, recursive: true);
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
