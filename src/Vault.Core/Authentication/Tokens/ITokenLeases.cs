namespace Vault.Core.Authentication.Tokens;

/// <summary>
/// Lets one process at a time sign in for an account, where several share a database: what renews a token may be good once. Not
/// registered for a database that one process has to itself.
/// </summary>
public interface ITokenLeases
{
    /// <summary>Takes the lease of an account; null: somebody who lives has it.</summary>
    Task<ITokenLease?> TryTakeAsync(TokenKey key, CancellationToken cancellationToken);
}

/// <summary>The right to sign in for an account; given back on disposal, and lost where the process freezes or dies.</summary>
public interface ITokenLease : IAsyncDisposable
{
    /// <summary>Whose it is.</summary>
    string Account { get; }

    /// <summary>Of this taking of it: whoever takes it after this has another one.</summary>
    Guid Take { get; }

    /// <summary>Whether disposal leaves it to this process, which alone may take it again until it ends: what renews the token is used up, and what it gave isn't saved.</summary>
    bool IsAbandoned { get; set; }

    /// <summary>Makes it last for a whole sign-in from now; false: it was lost.</summary>
    Task<bool> RenewAsync(CancellationToken cancellationToken);
}

/// <summary>On what condition a token is saved that a sign-in gave: things may have changed while it was under way.</summary>
/// <param name="Lease">Is held until the token is saved; null: one process has the database to itself.</param>
/// <param name="Seen">The tokens in use that were known when it was got: there is no other by now.</param>
/// <param name="Predecessor">The one in whose place it comes, which is still in use; null: whether there is one doesn't matter.</param>
/// <param name="Secrets">The secrets that it was got with, which are still in use.</param>
/// <param name="Version">Of the external credential that it is sealed for; null: whatever it is by now, it isn't found under another.</param>
public sealed record TokenClaim(ITokenLease? Lease, IReadOnlyCollection<Guid> Seen, Guid? Predecessor, IReadOnlyCollection<Guid> Secrets, long? Version);

/// <summary>What became of a token that was to be saved.</summary>
public enum ClaimOutcome
{
    /// <summary>It is there.</summary>
    Saved,

    /// <summary>It is not: something that it was got by is no longer so.</summary>
    Refused,

    /// <summary>It is not, since the external credential was changed: sealed for what that is by now, it may be.</summary>
    OutOfDate,
}
