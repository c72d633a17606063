namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>An external credential; everything but keys and times is in <see cref="Document"/>, authenticated by <see cref="Mac"/>.</summary>
public sealed class ExternalCredentialRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}
