using Vault.Core.Callouts.Bodies;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>Whether this request may be sent at all, as far as can be told from its head; contract section 5.</summary>
public static class CalloutRules
{
    /// <summary><c>request-not-allowed</c>, <c>user-required</c> or <c>body-too-large</c>; null where it may be sent.</summary>
    public static VaultError? Judge(CalloutRequest request, AdmittedCallout admitted)
    {
        var named = admitted.Named;
        if (request.Method is "TRACE" or "CONNECT")
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, $"{request.Method} is never sent on.");
        }

        // Methods are told apart by case (RFC 9110 section 9.1), but `trace` would be sent as TRACE: what is judged, signed and recorded is what is sent.
        if (HttpMethod.Parse(request.Method) is var sent && sent.Method != request.Method)
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, $"The method {sent.Method} is written in capitals.");
        }

        if (PathConfinement.Check(request.Path) is { } path)
        {
            return path;
        }

        if (!AllowedRequestMatcher.IsAllowed(named.AllowedRequests, request.Method, request.Path))
        {
            return new VaultError(
                ErrorCodes.RequestNotAllowed, $"The named credential {named.Name} doesn't allow this method and path (allowedRequests).");
        }

        if (admitted is { Principal.Type: PrincipalType.PerUser, User.Length: 0 })
        {
            return new VaultError(ErrorCodes.UserRequired, $"The principal {admitted.Principal.Name} holds secrets per user: name one with X-Vault-User, or call with a token whose subject can be a user's id (1 to 256 printable ASCII characters, its issuer's UserPrefix included).");
        }

        // What counts is what is sent: fields may make it shorter, where it is held until that is known.
        var mayShrink = named.AllowMergeFieldsInBody && request.ContentLength <= HeldBody.Limit && !request.IsGrpc && !request.IsUpgrade;
        return mayShrink ? null : TooLarge(request, admitted);
    }

    /// <summary>
    /// <c>body-too-large</c> by what is declared; null where it isn't. It comes before whatever is found behind it (contract section 9): a body that fields would have made
    /// shorter, and can't be filled in, is as large as it says.
    /// </summary>
    public static VaultError? TooLarge(CalloutRequest request, AdmittedCallout admitted) =>
        request.ContentLength > admitted.Named.MaxRequestBytes ? CalloutAbortedException.BodyTooLarge(admitted.Named.MaxRequestBytes.Value) : null;
}
