namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>An app; its label is in <see cref="Document"/>.</summary>
public sealed class AppRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}
