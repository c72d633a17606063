namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>Facts about the vault itself: the master key's check value, whether there ever was an admin key.</summary>
public sealed class VaultFactRow
{
    public string Name { get; set; } = "";
    public byte[] Value { get; set; } = [];
}
