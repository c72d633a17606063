namespace Vault.Core.Storage;

/// <summary>Where the data is; contract section 8.</summary>
public sealed class VaultStorageOptions
{
    /// <summary>SQLite file and, by default, the master key file.</summary>
    /// <value>Default <c>data</c>.</value>
    public string DataDirectory { get; set; } = "data";

    /// <summary>The database.</summary>
    /// <value>Default <c>sqlite</c>, the only one yet.</value>
    public string Provider { get; set; } = "sqlite";

    /// <summary>The SQLite file, as a connection string.</summary>
    /// <value>Default: <c>{DataDirectory}/vault.db</c>.</value>
    public string ConnectionString { get; set; } = "";
}
