namespace Vault.Core.Administration.VaultKeys;

/// <summary>How an operation stands.</summary>
public static class OperationStatus
{
    /// <summary>It goes on, also after a restart.</summary>
    public const string Running = "running";

    /// <summary>All was done.</summary>
    public const string Completed = "completed";

    /// <summary>It ended, and not all could be done.</summary>
    public const string Failed = "failed";
}
