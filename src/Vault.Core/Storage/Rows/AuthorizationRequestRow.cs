namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A consent that was asked for and not yet given; gone once its answer comes, so that an answer counts once.</summary>
public sealed class AuthorizationRequestRow
{
    public Guid Id { get; set; }
    public string StateHash { get; set; } = "";
    public Guid ExternalCredentialId { get; set; }
    public Guid PrincipalId { get; set; }
    public string User { get; set; } = "";
    public byte[] Sealed { get; set; } = [];
    public DateTimeOffset ExpiresAt { get; set; }
}
