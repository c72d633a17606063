namespace Vault.Core.Authentication.Tokens;

/// <summary>Where sealed tokens are kept; implemented by Storage.</summary>
public interface ITokenStore
{
    /// <summary>The tokens of a credential, principal, user and named credential, current and retired since <paramref name="retiredSince"/>, whatever their stamp.</summary>
    Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken);

    /// <summary>Saves a token and retires the ones of the same credential, principal, user and named credential before it, in one transaction.</summary>
    Task SaveAsync(StoredToken token, CancellationToken cancellationToken);

    /// <summary>Saves a token like <see cref="SaveAsync(StoredToken, CancellationToken)"/>, if all of the claim is so; false where it isn't, and nothing was saved.</summary>
    Task<bool> SaveAsync(StoredToken token, TokenClaim claim, CancellationToken cancellationToken);

    /// <summary>Retires a token that the service no longer takes.</summary>
    Task RetireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Notes that a token that the service no longer takes has ended, but keeps it for what renews it.</summary>
    Task ExpireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Notes that what renews a token is of no use any more; the token itself is used to its end.</summary>
    Task EndRenewalAsync(Guid tokenId, CancellationToken cancellationToken);

    /// <summary>Whether a fault of one of these says that the store is away, so that it may go well later.</summary>
    bool IsUnavailable(Exception exception);
}
