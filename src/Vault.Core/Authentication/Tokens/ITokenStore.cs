namespace Vault.Core.Authentication.Tokens;

/// <summary>Where sealed tokens are kept; implemented by Storage.</summary>
public interface ITokenStore
{
    /// <summary>The tokens of a credential, principal, user and named credential, current and retired since <paramref name="retiredSince"/>, whatever their stamp.</summary>
    Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken);

    /// <summary>
    /// Saves a token that a person consented to and retires the ones of the same credential, principal, user and named credential before it, in one transaction,
    /// if the request for the consent is still open, which it closes, and the external credential is of this version.
    /// </summary>
    Task<ClaimOutcome> SaveAsync(StoredToken token, Guid consentRequest, long version, CancellationToken cancellationToken);

    /// <summary>Saves a token and retires the ones before it, likewise, if all of the claim is so.</summary>
    Task<ClaimOutcome> SaveAsync(StoredToken token, TokenClaim claim, CancellationToken cancellationToken);

    /// <summary>Retires a token that the service no longer takes.</summary>
    Task RetireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Notes that a token that the service no longer takes has ended, but keeps it for what renews it.</summary>
    Task ExpireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Notes that what renews a token is of no use any more; the token itself is used to its end.</summary>
    Task EndRenewalAsync(Guid tokenId, CancellationToken cancellationToken);

    /// <summary>Whether a fault of one of these says that the store is away, so that it may go well later.</summary>
    bool IsUnavailable(Exception exception);
}
