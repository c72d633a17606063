using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Definitions;

/// <summary>Keeps principals that are granted from going: a grant that names one which isn't there would come to life with another of that name.</summary>
internal static class GrantedPrincipals
{
    /// <summary><c>in-use</c> where an app was granted a principal that goes; null where none was. Every principal, <c>*</c>, is whichever there are.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="named">The ids of the named credentials that would be without it.</param>
    /// <param name="isGone">Whether the principal of this name goes.</param>
    public static VaultError? Judge(Draft draft, IReadOnlySet<Guid> named, Func<string, bool> isGone)
    {
        foreach (var grant in draft.Access.Grants.Values.Where(grant => named.Contains(grant.NamedCredentialId)))
        {
            if (grant.Principals.FirstOrDefault(principal => principal != "*" && isGone(principal)) is { } gone)
            {
                return new VaultError(ErrorCodes.InUse, $"The principal {gone} is granted to the app {draft.Access.Apps[grant.AppId].Name}.");
            }
        }

        return null;
    }
}
