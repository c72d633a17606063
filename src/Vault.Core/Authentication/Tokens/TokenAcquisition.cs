using Vault.Core.Authentication.Credentials;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What a sign-in needs.</summary>
/// <param name="Credential">The external credential.</param>
/// <param name="Parameters">The parameters of the principal in use.</param>
/// <param name="NamedCredentialUrl">The resolved <c>url</c> of the named credential in use, for relative step URLs; null where there are none.</param>
/// <param name="Http">Sends step requests, under the same egress rules as callouts.</param>
/// <param name="IsHostAllowed">Whether a secret may go to this URL's scheme, host and port.</param>
/// <param name="Time">The clock.</param>
public sealed record TokenAcquisition(
    BoundCredential Credential, CredentialSet Parameters, string? NamedCredentialUrl, HttpMessageInvoker Http, Func<Uri, bool> IsHostAllowed, TimeProvider Time);
