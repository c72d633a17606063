namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>An app key or the key of a person; <see cref="Hash"/> authenticates id, role, owner and secret.</summary>
public sealed class KeyRow
{
    public string Id { get; set; } = "";
    public string Role { get; set; } = "";
    public Guid? AppId { get; set; }
    public string? Name { get; set; }
    public string? NameKey { get; set; }
    public byte[] Hash { get; set; } = [];
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}
