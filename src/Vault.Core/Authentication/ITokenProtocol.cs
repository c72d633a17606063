using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>The part of a protocol that signs in.</summary>
public interface ITokenProtocol
{
    /// <summary>The names that <c>$Token.</c> may be followed by.</summary>
    IReadOnlyList<string> TokenNames { get; }

    /// <summary>Upstream answers that mean that the token is dead.</summary>
    IReadOnlyList<DeadTokenSign> RefreshOn { get; }

    /// <summary>Signs in.</summary>
    /// <param name="context">What the sign-in needs.</param>
    /// <param name="cancellationToken">Of the shared sign-in, not of one caller.</param>
    /// <returns>The token set, or <c>token-request-failed</c>, <c>egress-denied</c>, <c>secret-not-a-header-value</c>, …</returns>
    Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken);
}
