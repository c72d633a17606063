using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Scopes;

/// <summary>The <c>url</c> of a named credential with its fields filled in, where there is no callout.</summary>
internal static class ResolvedUrl
{
    /// <summary>Null where a field has no value.</summary>
    public static string? Of(NamedCredential named, BoundCredential credential, CredentialSet parameters, string user, TimeProvider time) =>
        Of(named.Url, credential, parameters, user, time);

    /// <summary>The same of its template.</summary>
    public static string? Of(MergeTemplate template, BoundCredential credential, CredentialSet parameters, string user, TimeProvider time)
    {
        if (!template.HasFields)
        {
            return template.Text;
        }

        var scope = new CredentialScope(credential, parameters, new RequestFacts(Guid.CreateVersion7().ToString("N"), "POST", "", "", time)) { User = user };
        return template.Check(scope) is null && template.Resolve(scope, MergeEscaping.Percent) is { IsOk: true } url ? url.Value.Text : null;
    }
}
