namespace Vault.Core.Storage.Backups;

/// <summary>Where a backup is restored to, aside, until all of it was found to be well. One for each kind of database. Disposed without <see cref="Commit"/>, nothing of it stays.</summary>
public interface IRestorePlace : IDisposable
{
    /// <summary>The directory in a data directory that says that a restore isn't finished: no vault starts there.</summary>
    internal const string Unfinished = "restoring";

    /// <summary>Settings, as arguments, of a vault whose database and data directory are the place aside.</summary>
    IReadOnlyList<string> Settings { get; }

    /// <summary>The database to fill from the backup once all of it was found to be well aside; null: what is aside becomes the database.</summary>
    string? Target { get; }

    /// <summary>Puts everything in its place. Nothing may have the place aside open any more.</summary>
    void Commit();
}
