using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.SignIns;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What a sign-in needs.</summary>
/// <param name="Credential">The external credential.</param>
/// <param name="Parameters">The parameters of the principal in use.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="NamedCredentialUrl">The resolved <c>url</c> of the named credential in use, for relative step URLs; null where there are none.</param>
/// <param name="Http">Sends token and step requests, under the same egress rules as callouts.</param>
/// <param name="JudgeHost">Why no secret may go to this URL's scheme, host and port, in words that follow the host; null: it may.</param>
/// <param name="Time">The clock.</param>
public sealed record TokenAcquisition(
    BoundCredential Credential, CredentialSet Parameters, string User, string? NamedCredentialUrl, HttpMessageInvoker Http, Func<Uri, string?> JudgeHost, TimeProvider Time)
{
    /// <summary>The token before, ended or given up: never used as one, but it may hold what renews it. Null: there is none.</summary>
    public TokenSet? Previous { get; init; }

    /// <summary>Whether <see cref="Previous"/> never worked, so that renewing it again would most likely give another that doesn't.</summary>
    public bool IsPreviousDoubtful { get; init; }

    /// <summary><c>NamedCredentialUrl</c> with its parameters as masks, for <see cref="Trace"/>; null: it holds none, or nobody looks.</summary>
    public string? ShownUrl { get; init; }

    /// <summary>Collects what happens; null: nobody looks.</summary>
    public SignInTrace? Trace { get; init; }

    /// <summary>What references mean in the settings, where there is no callout: parameters, the user, the time.</summary>
    public CredentialScope Scope(string method = "POST") => new(Credential, Parameters, FactsOf(method))
    {
        User = User,
        EndpointUrl = NamedCredentialUrl,
    };

    /// <summary>What <c>$Request.</c> means in a request of the sign-in.</summary>
    public RequestFacts FactsOf(string method) => new("", method, "", "", Time) { IsUrlSecret = ShownUrl is not null };
}
