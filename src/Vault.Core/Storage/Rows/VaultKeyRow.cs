namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A vault key (32 bytes) or the integrity key, protected by Data Protection.</summary>
public sealed class VaultKeyRow
{
    public Guid Id { get; set; }
    public string Purpose { get; set; } = "";
    public byte[] Protected { get; set; } = [];
    public byte[] CheckValue { get; set; } = [];
    public byte[] Canary { get; set; } = [];
    public bool IsActive { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
