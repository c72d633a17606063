namespace Vault.Core.Audit;

/// <summary>Actions whose records come twice, at the beginning and at the end, and are shown as one.</summary>
public static class AuditActions
{
    /// <summary>A tunnel through the forward proxy that nobody reads.</summary>
    public const string Tunnel = "tunnel";
}
