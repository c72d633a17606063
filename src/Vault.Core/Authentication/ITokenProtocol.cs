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

    /// <summary>Signs in. The scope resolves the parameters and <c>$Request</c>, never <c>$Token</c>.</summary>
    /// <param name="context">What the sign-in needs.</param>
    /// <param name="cancellationToken">Of the shared sign-in, not of one caller.</param>
    /// <returns>The token set, or <c>token-request-failed</c>, <c>egress-denied</c>, <c>merge-field-invalid</c>…</returns>
    Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken);
}

/// <summary>An upstream answer that means that the token is dead.</summary>
/// <param name="Status">The status.</param>
/// <param name="BodyContains">A text in the first 64 KiB of the body; null: the status alone.</param>
public sealed record DeadTokenSign(int Status, string? BodyContains);

/// <summary>What a sign-in needs.</summary>
/// <param name="NamedCredentialUrl">The resolved <c>url</c> of the named credential in use, for relative step URLs; null where there are none.</param>
/// <param name="Credentials">The parameters of the principal in use.</param>
/// <param name="Http">Sends step requests, under the same egress rules as callouts.</param>
/// <param name="IsHostAllowed">Whether a secret may go to this URL's scheme, host and port.</param>
public sealed record TokenAcquisition(
    Uri? NamedCredentialUrl, Credentials.CredentialSet Credentials, HttpMessageInvoker Http, Func<Uri, bool> IsHostAllowed);
