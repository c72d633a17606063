namespace Vault.Core.Storage.PostgreSql;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary.

/// <summary>Which replica signs in for an account now, and which taking of the lease this is; it counts for as long as that replica lives, and until its end.</summary>
public sealed class TokenLeaseRow
{
    public string Account { get; set; } = "";
    public Guid Replica { get; set; }
    public Guid Take { get; set; }
    public DateTime ExpiresAt { get; set; }
}
