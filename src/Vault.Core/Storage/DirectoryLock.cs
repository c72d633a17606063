using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>
/// Held for the life of the process: two processes on one SQLite file would each hold definitions that the other changes, and on any
/// database two in one directory would write over each other's mark and checkpoints of the audit.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    /// <summary>The file in a data directory.</summary>
    public const string FileName = "vault.lock";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="VaultStartException">Another process has it.</exception>
    public static DirectoryLock Take(string path)
    {
        try
        {
            return new DirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"Another vault uses this data directory, or it can't be written (Vault:DataDirectory, lock file {path}).", exception);
        }
    }

    public void Dispose() => _file.Dispose();
}
