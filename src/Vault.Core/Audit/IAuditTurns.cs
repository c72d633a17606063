namespace Vault.Core.Audit;

/// <summary>What there is when a turn begins.</summary>
/// <param name="Head">The last record; null: none.</param>
/// <param name="Known">The hash of the record that was asked for; null: it isn't there.</param>
public sealed record AuditClaim(AuditHead? Head, byte[]? Known);

/// <summary>
/// The right to extend the chain, where several processes write to one: who has it goes on where the last of them ended. Not
/// registered for a database that one process has to itself. One caller at a time in a process.
/// </summary>
public interface IAuditTurns
{
    /// <summary>Waits for the right, which no other process has until it is given back, or its holder is gone.</summary>
    /// <param name="known">A record that this process knows, to see that it is still there.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<AuditClaim> TakeAsync(long known, CancellationToken cancellationToken);

    /// <summary>Gives it back; never fails.</summary>
    ValueTask ReleaseAsync();
}
