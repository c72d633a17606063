using Vault.Core.MergeFields;

namespace Vault.Core.Callouts;

/// <summary>Names after <c>$Credential.</c> that aren't parameters; contract section 6.</summary>
internal static class ComputedNames
{
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
