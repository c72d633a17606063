using System.Collections.Frozen;
using Vault.Core.MergeFields;

namespace Vault.Core.Callouts;

/// <summary>Names after <c>$Credential.</c> that aren't parameters; contract section 6.</summary>
internal static class ComputedNames
{
    private static readonly FrozenSet<string> Names = new[]
    {
        "OAuthToken", "OAuthConsumerKey", "AuthorizationMethod", "AuthorizationHeaderValue", "Body",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the reference is computed rather than looked up.</summary>
    public static bool Contains(MergeReference reference) =>
        Names.Contains(reference.Name) || "Endpoint".Equals(reference.Qualifier, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether one of them can be known only once there is a token, or the body is resolved.</summary>
    public static bool NeedTokenOrBody(IReadOnlyList<MergeReference> references)
    {
        foreach (var reference in references)
        {
            if (reference.Kind is MergeReferenceKind.Token || (reference.Kind is MergeReferenceKind.Credential && NeedsTokenOrBody(reference)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool NeedsTokenOrBody(MergeReference reference) =>
        reference.Name.ToUpperInvariant() is "OAUTHTOKEN" or "AUTHORIZATIONHEADERVALUE" or "BODY";
}
