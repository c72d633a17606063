using Vault.Core.Primitives;

namespace Vault.Api.Errors;

/// <summary>The one place where codes get their status; contract sections 5 and 9.</summary>
internal static class ErrorStatus
{
    public static int Of(string code) => code switch
    {
        ErrorCodes.InvalidRequest or ErrorCodes.MergeFieldInvalid or ErrorCodes.UserRequired => 400,
        ErrorCodes.Unauthenticated => 401,
        ErrorCodes.Forbidden or ErrorCodes.CalloutNotGranted or ErrorCodes.RequestNotAllowed
            or ErrorCodes.NamedCredentialDisabled or ErrorCodes.EgressDenied => 403,
        ErrorCodes.NotFound => 404,
        ErrorCodes.MethodNotAllowed => 405,
        ErrorCodes.AlreadyExists or ErrorCodes.InUse or ErrorCodes.LastAdminKey or ErrorCodes.SecretsWouldTravel
            or ErrorCodes.CredentialNotConfigured => 409,
        ErrorCodes.ProxyAuthenticationRequired => 407,
        ErrorCodes.PreconditionFailed => 412,
        ErrorCodes.BodyTooLarge => 413,
        ErrorCodes.UnsupportedMediaType or ErrorCodes.MergeUnsupportedContent => 415,
        ErrorCodes.MisdirectedRequest => 421,
        ErrorCodes.HostNotAllowed or ErrorCodes.UnknownReference or ErrorCodes.SecretNotAHeaderValue => 422,
        ErrorCodes.RateLimited => 429,
        ErrorCodes.TokenRequestFailed or ErrorCodes.UpstreamUnreachable or ErrorCodes.ResponseNotInspectable => 502,
        ErrorCodes.StorageUnavailable or ErrorCodes.AuditUnavailable => 503,
        ErrorCodes.UpstreamTimeout => 504,
        _ => 500,
    };
}
