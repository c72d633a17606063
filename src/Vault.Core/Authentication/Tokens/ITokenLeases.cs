namespace Vault.Core.Authentication.Tokens;

/// <summary>
/// Lets one process at a time sign in for an account, where several share a database: what renews a token may be good once. Not
/// registered for a database that one process has to itself.
/// </summary>
public interface ITokenLeases
{
    /// <summary>Takes the lease of an account; null: another process that lives has it.</summary>
    Task<ITokenLease?> TryTakeAsync(TokenKey key, CancellationToken cancellationToken);
}

/// <summary>The right to sign in for an account; given back on disposal, and lost where the process freezes or dies.</summary>
public interface ITokenLease : IAsyncDisposable
{
    /// <summary>Whether it is still this process's: what was got with a lease that is lost is not kept.</summary>
    Task<bool> IsHeldAsync(CancellationToken cancellationToken);
}
