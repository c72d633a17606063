namespace Vault.Core.Secrets.MasterKeys;

/// <summary><c>Vault:MasterKey</c>; contract section 8.</summary>
public sealed class MasterKeyOptions
{
    /// <summary>The provider.</summary>
    /// <value>Default <c>file</c>.</value>
    public string Provider { get; set; } = "file";

    /// <summary>The master key file.</summary>
    /// <value>Default <c>{DataDirectory}/master.key</c>.</value>
    public string? Path { get; set; }
}
