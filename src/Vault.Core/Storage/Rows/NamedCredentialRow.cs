namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A named credential, likewise.</summary>
public sealed class NamedCredentialRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public Guid ExternalCredentialId { get; set; }
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}
