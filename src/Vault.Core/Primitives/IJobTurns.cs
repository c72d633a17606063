namespace Vault.Core.Primitives;

/// <summary>
/// Lets a background job run in one process at a time, where several share a database. Not registered for a database that one process
/// has to itself.
/// </summary>
public interface IJobTurns
{
    /// <summary>Takes the turn, given back on disposal or when the process is gone; null: another process has it, and does the work.</summary>
    Task<IAsyncDisposable?> TryTakeAsync(BackgroundJob job, CancellationToken cancellationToken);
}

/// <summary>The jobs.</summary>
public enum BackgroundJob
{
    /// <summary>Old audit records.</summary>
    AuditRetention,

    /// <summary>Replaced secrets and tokens, and what else is over.</summary>
    RetiredRows,

    /// <summary>Wraps that move to the active vault key.</summary>
    Rewrap,
}
