using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary>The keys that sign.</summary>
internal sealed record AwsKeys(string AccessKeyId, string SecretAccessKey, string? SessionToken)
{
    /// <summary>Those of the principal.</summary>
    public static Result<AwsKeys> Of(CredentialSet parameters)
    {
        var id = parameters.Open("AccessKeyId");
        var key = parameters.Open("SecretAccessKey");
        if ((id.Error ?? key.Error) is { } missing)
        {
            return missing;
        }

        if (!parameters.Has("SessionToken"))
        {
            return new AwsKeys(id.Value!.Reveal(), key.Value!.Reveal(), null);
        }

        var session = parameters.Open("SessionToken");
        return session.IsOk ? new AwsKeys(id.Value!.Reveal(), key.Value!.Reveal(), session.Value.Reveal()) : session.Error;
    }

    /// <summary>Those of a role.</summary>
    public static Result<AwsKeys> Of(TokenSet token) => new AwsKeys(
        token.Values["accessKeyId"].Reveal(), token.Values["secretAccessKey"].Reveal(), token.Values["sessionToken"].Reveal());

    /// <summary>Never the keys.</summary>
    public override string ToString() => nameof(AwsKeys);
}
