namespace Vault.Core.Audit;

/// <summary>Actions that several places know.</summary>
public static class AuditActions
{
    /// <summary>A tunnel through the forward proxy that nobody reads. Its records come twice, at the beginning and at the end, and are shown as one.</summary>
    public const string Tunnel = "tunnel";

    /// <summary>Stands in a list or an export in the place of a record that can't be read; verifying says more.</summary>
    public const string Unreadable = "audit.unreadable";
}
