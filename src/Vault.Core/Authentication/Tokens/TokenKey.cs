namespace Vault.Core.Authentication.Tokens;

/// <summary>Whose token it is; no token is ever used for another key.</summary>
/// <param name="ExternalCredentialId">The external credential.</param>
/// <param name="PrincipalId">The principal.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="NamedCredentialId">Where step URLs are relative: the named credential; else null.</param>
/// <param name="Stamp">Hash of the settings, the binding, the parameters' versions and (where relative) the named credential's URL, as it is defined where each request has another: a token got under others is never used.</param>
public sealed record TokenKey(Guid ExternalCredentialId, Guid PrincipalId, string User, Guid? NamedCredentialId, string Stamp);
