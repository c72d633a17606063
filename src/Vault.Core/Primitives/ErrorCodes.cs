namespace Vault.Core.Primitives;

/// <summary>The stable codes of everything that can be refused; contract sections 5 and 9.</summary>
public static class ErrorCodes
{
#pragma warning disable CS1591 // Each name is its code; the contract says when it is given.
    public const string InvalidRequest = "invalid-request";
    public const string Unauthenticated = "unauthenticated";
    public const string ProxyAuthenticationRequired = "proxy-authentication-required";
    public const string MisdirectedRequest = "misdirected-request";
    public const string Forbidden = "forbidden";
    public const string NotFound = "not-found";
    public const string MethodNotAllowed = "method-not-allowed";
    public const string AlreadyExists = "already-exists";
    public const string InUse = "in-use";
    public const string LastAdminKey = "last-admin-key";
    public const string SecretsWouldTravel = "secrets-would-travel";
    public const string PreconditionFailed = "precondition-failed";
    public const string BodyTooLarge = "body-too-large";
    public const string UnsupportedMediaType = "unsupported-media-type";
    public const string HostNotAllowed = "host-not-allowed";
    public const string UnknownReference = "unknown-reference";
    public const string StorageUnavailable = "storage-unavailable";
    public const string Internal = "internal";
    public const string CalloutNotGranted = "callout-not-granted";
    public const string RequestNotAllowed = "request-not-allowed";
    public const string NamedCredentialDisabled = "named-credential-disabled";
    public const string MergeFieldInvalid = "merge-field-invalid";
    public const string MergeUnsupportedContent = "merge-unsupported-content";
    public const string SecretNotAHeaderValue = "secret-not-a-header-value";
    public const string UserRequired = "user-required";
    public const string CredentialNotConfigured = "credential-not-configured";
    public const string RateLimited = "rate-limited";
    public const string EgressDenied = "egress-denied";
    public const string TokenRequestFailed = "token-request-failed";
    public const string UpstreamUnreachable = "upstream-unreachable";
    public const string ResponseNotInspectable = "response-not-inspectable";
    public const string UpstreamTimeout = "upstream-timeout";
    public const string AuditUnavailable = "audit-unavailable";
#pragma warning restore CS1591
}
