namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A sealed parameter of a principal. A replaced value stays, retired, for 24 hours so that echoes of it are redacted.</summary>
public sealed class SecretRow
{
    public Guid Id { get; set; }
    public Guid ExternalCredentialId { get; set; }
    public Guid PrincipalId { get; set; }
    public string User { get; set; } = "";
    public string Name { get; set; } = "";
    public string NameKey { get; set; } = "";
    public long Version { get; set; }
    public byte[] Sealed { get; set; } = [];
    public DateTimeOffset UpdatedAt { get; set; }
    public DateTimeOffset? RetiredAt { get; set; }
}
