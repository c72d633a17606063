using System.Net;

namespace Vault.Client;

/// <summary>The vault itself refused a call, or couldn't make it. Answers of the service, whatever their status, are never exceptions.</summary>
/// <remarks>It is an <see cref="HttpRequestException"/>, so that code that expects calls to fail handles it, too.</remarks>
public class VaultException : HttpRequestException
{
    /// <summary>Made by the client; public for tests of apps.</summary>
    /// <param name="code">See <see cref="VaultErrorCodes"/>.</param>
    /// <param name="detail">In words; never a secret.</param>
    /// <param name="statusCode">Of the vault's answer.</param>
    public VaultException(string code, string detail, HttpStatusCode? statusCode = null)
        : base($"{detail} ({code})", null, statusCode)
    {
        Code = code;
        Detail = detail;
    }

    /// <summary>What it is: see <see cref="VaultErrorCodes"/>. A newer vault may have codes that aren't there.</summary>
    public string Code { get; }

    /// <summary>In words; never a secret.</summary>
    public string Detail { get; }

    /// <summary>The id of the call's record in the vault's audit; null where the answer had none.</summary>
    public string? RequestId { get; init; }

    /// <summary>How long the vault asks to wait; null where it doesn't.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The vault doesn't take the key, or doesn't let this app do this: <c>unauthenticated</c>, <c>callout-not-granted</c>, <c>request-not-allowed</c>, <c>named-credential-disabled</c>, <c>egress-denied</c>.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultAccessException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode);

/// <summary>Something is missing that a person has to bring: <c>credential-not-configured</c>, <c>user-required</c>.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultNotConfiguredException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode)
{
    /// <summary>Where to send the user to consent; null where that isn't what is missing.</summary>
    public Uri? AuthorizationUrl { get; init; }
}

/// <summary>What was sent can't be sent on: <c>merge-field-invalid</c>, <c>merge-unsupported-content</c>, <c>secret-not-a-header-value</c>, <c>body-too-large</c>.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultRequestException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode);

/// <summary>The app calls too often: <c>rate-limited</c>. <see cref="VaultException.RetryAfter"/> says when to go on.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultRateLimitedException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode);

/// <summary>Between the vault and the service something failed: <c>token-request-failed</c>, <c>upstream-unreachable</c>, <c>upstream-timeout</c>, <c>response-not-inspectable</c>.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultUpstreamException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode);

/// <summary>The vault can't work now: <c>audit-unavailable</c>, <c>storage-unavailable</c>. It sent nothing where <see cref="VaultException.RetryAfter"/> is set; else the service may have got the call.</summary>
/// <inheritdoc cref="VaultException(string, string, HttpStatusCode?)" path="/param" />
public sealed class VaultUnavailableException(string code, string detail, HttpStatusCode? statusCode = null) : VaultException(code, detail, statusCode);
