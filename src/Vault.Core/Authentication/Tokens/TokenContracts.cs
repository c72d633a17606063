using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Whose token it is; no token is ever used for another key.</summary>
/// <param name="ExternalCredentialId">The external credential.</param>
/// <param name="PrincipalId">The principal.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="NamedCredentialId">Where step URLs are relative: the named credential; else null.</param>
/// <param name="Stamp">Hash of the settings, the binding, the parameters' versions and (where relative) the named credential's URL: a token got under others is never used.</param>
public sealed record TokenKey(Guid ExternalCredentialId, Guid PrincipalId, string User, Guid? NamedCredentialId, string Stamp);

/// <summary>What a sign-in gave: named values, and when they end.</summary>
public sealed record TokenSet(
    Guid Id, IReadOnlyDictionary<string, SecretText> Values, DateTimeOffset ObtainedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>Never the values.</summary>
    public override string ToString() => "***";
}

/// <summary>A token as it is stored.</summary>
public sealed record StoredToken(
    Guid Id, TokenKey Key, long Version, byte[] Sealed, DateTimeOffset ObtainedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RetiredAt);

/// <summary>Where sealed tokens are kept; implemented by Storage.</summary>
public interface ITokenStore
{
    /// <summary>The current token of the key and the ones retired since <paramref name="retiredSince"/>.</summary>
    Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken);

    /// <summary>Saves a token and retires the ones of the same credential, principal, user and named credential before it, in one transaction.</summary>
    Task SaveAsync(StoredToken token, CancellationToken cancellationToken);

    /// <summary>Retires a token that the service no longer takes.</summary>
    Task RetireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken);
}
