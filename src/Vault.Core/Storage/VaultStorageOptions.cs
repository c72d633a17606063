namespace Vault.Core.Storage;

/// <summary>Where the data is; contract section 8.</summary>
public sealed class VaultStorageOptions
{
    /// <summary>SQLite file and, by default, the master key file.</summary>
    /// <value>Default <c>data</c>.</value>
    public string DataDirectory { get; set; } = "data";

    /// <summary>The database.</summary>
    /// <value><c>sqlite</c> (default) or <c>postgreSql</c>.</value>
    public string Provider { get; set; } = "sqlite";

    /// <summary>Whether one process has the database to itself, in a file.</summary>
    public bool IsSqlite => Provider == Sqlite.SqliteRegistration.Provider;

    /// <summary>Where the database is, in the form of its provider.</summary>
    /// <value>Default for SQLite: <c>{DataDirectory}/vault.db</c>; PostgreSQL needs one.</value>
    public string ConnectionString { get; set; } = "";
}
