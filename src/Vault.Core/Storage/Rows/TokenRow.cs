namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A sealed token. A replaced one stays, retired, for 24 hours.</summary>
public sealed class TokenRow
{
    public Guid Id { get; set; }
    public Guid ExternalCredentialId { get; set; }
    public Guid PrincipalId { get; set; }
    public string User { get; set; } = "";
    public Guid? NamedCredentialId { get; set; }
    public string Stamp { get; set; } = "";
    public long Version { get; set; }
    public byte[] Sealed { get; set; } = [];
    public DateTimeOffset ObtainedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>Whether it holds what renews it, and the service hasn't refused that: then it is kept after its end.</summary>
    public bool IsRenewable { get; set; }
}
