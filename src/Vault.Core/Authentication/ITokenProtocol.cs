using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>The part of a protocol that signs in.</summary>
public interface ITokenProtocol
{
    /// <summary>The names that <c>$Token.</c> may be followed by; other values of a token can't be named.</summary>
    IReadOnlyList<string> TokenNames { get; }

    /// <summary>Whether answers must not echo this value of a token: not what says only who it is, or when it ends.</summary>
    bool IsSecret(string name, SecretText value) => true;

    /// <summary>Upstream answers that mean that the token is dead.</summary>
    IReadOnlyList<DeadTokenSign> RefreshOn { get; }

    /// <summary>
    /// Parameters that a change of doesn't end what was consented to, all others aside; null: any change of parameters or settings
    /// means that the token is another's.
    /// </summary>
    IReadOnlyList<string>? ConsentParameters => null;

    /// <summary>Whether a user has to consent before there can be a token, with these parameters and without a token before.</summary>
    bool NeedsConsent(TokenAcquisition context) => false;

    /// <summary>Signs in, or renews.</summary>
    /// <param name="context">What the sign-in needs.</param>
    /// <param name="cancellationToken">Of the shared sign-in, not of one caller.</param>
    /// <returns>The token set, or <c>token-request-failed</c>, <c>egress-denied</c>, <c>secret-not-a-header-value</c>, …</returns>
    Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken);

    /// <summary>Whether <see cref="EndAsync"/> does anything.</summary>
    bool CanEnd => false;

    /// <summary>Tells the service that <see cref="TokenAcquisition.Previous"/> is no longer used: logout, revocation. Null, or what failed.</summary>
    Task<VaultError?> EndAsync(TokenAcquisition context, CancellationToken cancellationToken) => Task.FromResult<VaultError?>(null);
}
