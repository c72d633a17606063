using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>
/// Held for the life of the process: two processes on one SQLite file, whatever their directories, would each hold definitions that the other
/// changes, and on any database two in one directory would write over each other's mark and checkpoints of the audit.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    /// <summary>The file in a data directory.</summary>
    public const string FileName = "vault.lock";

    // Not one by which a file could have the name of the other lock.
    private const string DatabaseSuffix = ".file.lock";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a data directory.</summary>
    /// <exception cref="VaultStartException">Another process has it.</exception>
    public static DirectoryLock Take(string directory) => Take(Path.Combine(directory, FileName), "data directory", "Vault:DataDirectory");

    /// <summary>Takes the lock of a SQLite file, which lies beside it.</summary>
    /// <exception cref="VaultStartException">Another process has it.</exception>
    public static DirectoryLock TakeOfDatabase(string database) => Take(PathOf(database), "database", "ConnectionStrings:Vault");

    /// <summary>Whether a file in a data directory is a lock.</summary>
    public static bool IsLock(string path) => Path.GetFileName(path) == FileName || path.EndsWith(DatabaseSuffix, StringComparison.Ordinal);

    public void Dispose() => _file.Dispose();

    // What looks for the files of a database (vault.db*) finds only those.
    private static string PathOf(string database) =>
        Path.Combine(Path.GetDirectoryName(database) ?? "", Path.GetFileName(database).Replace('.', '-') + DatabaseSuffix);

    private static DirectoryLock Take(string path, string what, string setting)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                // Who can read it can lock it.
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new DirectoryLock(new FileStream(path, options));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"Another vault uses this {what}, or it can't be written ({setting}, lock file {path}).", exception);
        }
    }
}
