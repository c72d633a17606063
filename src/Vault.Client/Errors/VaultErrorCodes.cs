namespace Vault.Client;

/// <summary>Why the vault didn't call out, or couldn't: <see cref="VaultException.Code"/>.</summary>
public static class VaultErrorCodes
{
    /// <summary>No key, an unknown, expired or revoked one.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>There is no such named credential, or it isn't granted to this app, principal or user: the vault doesn't tell which.</summary>
    public const string CalloutNotGranted = "callout-not-granted";

    /// <summary>The method or path is outside what the named credential allows.</summary>
    public const string RequestNotAllowed = "request-not-allowed";

    /// <summary>The named credential is turned off.</summary>
    public const string NamedCredentialDisabled = "named-credential-disabled";

    /// <summary>A merge field can't be parsed or filled in.</summary>
    public const string MergeFieldInvalid = "merge-field-invalid";

    /// <summary>Merge fields are on, and the body has a coding or charset that can't be searched.</summary>
    public const string MergeUnsupportedContent = "merge-unsupported-content";

    /// <summary>A value with a control character would have entered a header.</summary>
    public const string SecretNotAHeaderValue = "secret-not-a-header-value";

    /// <summary>The principal has secrets per user, and no user was named.</summary>
    public const string UserRequired = "user-required";

    /// <summary>A secret isn't set, or a user hasn't consented yet.</summary>
    public const string CredentialNotConfigured = "credential-not-configured";

    /// <summary>The body is over the named credential's limit.</summary>
    public const string BodyTooLarge = "body-too-large";

    /// <summary>The app calls too often.</summary>
    public const string RateLimited = "rate-limited";

    /// <summary>The service's address may not be reached from the vault.</summary>
    public const string EgressDenied = "egress-denied";

    /// <summary>Signing in to the service failed.</summary>
    public const string TokenRequestFailed = "token-request-failed";

    /// <summary>The connection to the service failed before it answered; it may have got the request.</summary>
    public const string UpstreamUnreachable = "upstream-unreachable";

    /// <summary>The answer's coding can't be searched for secrets.</summary>
    public const string ResponseNotInspectable = "response-not-inspectable";

    /// <summary>The service didn't answer in time; it may have got the request.</summary>
    public const string UpstreamTimeout = "upstream-timeout";

    /// <summary>The vault can't record the call. It sent nothing where it says when to try again (<see cref="VaultException.RetryAfter"/>); else the service may have got it.</summary>
    public const string AuditUnavailable = "audit-unavailable";

    /// <summary>The vault's database can't be reached; before a call is sent, or while it waits for a fresh token to send it once more.</summary>
    public const string StorageUnavailable = "storage-unavailable";
}
