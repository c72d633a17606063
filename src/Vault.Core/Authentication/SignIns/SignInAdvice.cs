namespace Vault.Core.Authentication.SignIns;

/// <summary>What to look at where a sign-in was answered otherwise than hoped, in sentences. Nothing of the answer is in them.</summary>
internal static class SignInAdvice
{
    /// <summary>Where it was taken for an answer, and isn't the one.</summary>
    public const string OfAnotherAnswer =
        "Look at the answer's type and length (steps): a page of HTML is a refusal that bears another status, or the url of this request leads elsewhere.";

    /// <summary>Where it says no, whatever its status.</summary>
    public const string OfRefusal = "Look at the parameters (are they the ones of this service, and still good?), and at what the request puts where (steps).";

    /// <summary>By OAuth's error, where there is one; else by the status.</summary>
    public static string Of(SignInAnswer answer) => answer.OAuthError switch
    {
        "invalid_client" => "Look at ClientId and ClientSecret (or PrivateKey and assertion), and at clientAuthentication, which says how they are sent.",
        "invalid_grant" =>
            "Look at what is traded for the token: the user's name and password (Username, Password), the assertion (its key, issuer, subject and audience, and this machine's clock), "
            + "or a token or consent that is over or was taken back.",
        "unauthorized_client" => "Look at what the client is registered for there: it may not use this grant.",
        "unsupported_grant_type" => "Look at grant, and at tokenUrl: what answers there doesn't know this grant.",
        "invalid_scope" or "insufficient_scope" => "Look at scope, and at the scopes that the client may ask for there.",
        "invalid_target" => "Look at resource and audience, and at what the client may ask for there.",
        "invalid_request" => "Look at what the server requires: scope, audience, resource, tokenParameters, and clientAuthentication (how the client's id and secret are sent).",
        "access_denied" or "login_required" or "interaction_required" or "consent_required" => "Look at the rights of the client and of the user there: somebody has to allow it first.",
        "slow_down" => OfStatus(429),
        "server_error" or "temporarily_unavailable" => OfStatus(503),
        _ => OfStatus(answer.Status),
    };

    private static string OfStatus(int status) => status switch
    {
        < 300 => OfRefusal,
        < 400 => "Only a 2xx counts, and redirects are not followed: look at the url of this request (its scheme, host, path, a slash at its end). A service may also send whom it doesn't know to its login page.",
        401 => OfRefusal,
        403 => OfRefusal + " Else look at their rights there, and at the addresses that it lets in.",
        404 or 410 => "There is nothing at this address: look at the url of this request.",
        405 or 406 or 415 => "It does not take this method or media type: look at the method of this request, and at how its body is said (json, form, contentType).",
        407 => "A proxy stands between: look at Vault:Egress:Proxy.",
        429 => "It is asked too often: wait, or ask for a higher limit there.",
        >= 500 => "It failed by its own account: look at its status page or logs.",
        _ => OfRefusal + " Else look at its documentation for this status.",
    };
}
