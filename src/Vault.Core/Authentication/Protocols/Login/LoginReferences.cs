using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Finds, when settings are saved, the references that could never be resolved.</summary>
internal static class LoginReferences
{
    /// <summary>Checks a step.</summary>
    /// <param name="request">Its request.</param>
    /// <param name="known">What the steps before it extract.</param>
    /// <param name="errors">Where mistakes go.</param>
    public static void CheckStep(LoginRequest request, IReadOnlyCollection<string> known, SettingsErrors errors)
    {
        foreach (var placed in request.References)
        {
            var reference = placed.Reference;
            if (reference.Kind is MergeReferenceKind.Token && !known.Contains(reference.Name, StringComparer.OrdinalIgnoreCase))
            {
                errors.Add(placed.Path, $"{reference} is not extracted by a step before this one.");
            }
            else if (Names(reference, "OAuthToken") || Names(reference, "AuthorizationHeaderValue"))
            {
                errors.Add(placed.Path, $"{reference} is what the steps are there to get.");
            }
            else if (Names(reference, "Body") && !request.HeaderReferences.Contains(placed))
            {
                errors.Add(placed.Path, $"{reference} can be named only in headers.");
            }
            else
            {
                CheckAnywhere(placed, errors);
            }
        }
    }

    /// <summary>Checks what is put on callouts.</summary>
    /// <param name="apply">The templates.</param>
    /// <param name="known">What the steps extract.</param>
    /// <param name="errors">Where mistakes go.</param>
    public static void CheckApply(LoginApply apply, IReadOnlyCollection<string> known, SettingsErrors errors)
    {
        foreach (var placed in PlacedReference.Of(apply.All))
        {
            var reference = placed.Reference;
            if (reference.Kind is MergeReferenceKind.Token && !known.Contains(reference.Name, StringComparer.OrdinalIgnoreCase))
            {
                errors.Add(placed.Path, $"{reference} is not extracted by any step.");
            }
            else if (Names(reference, "OAuthToken") && known.Count != 1)
            {
                errors.Add(placed.Path, $"{reference} is for logins that extract one value.");
            }
            else
            {
                CheckAnywhere(placed, errors);
            }
        }

        foreach (var placed in PlacedReference.Of([.. apply.Query, .. apply.Cookies]).Where(placed => Names(placed.Reference, "Body")))
        {
            errors.Add(placed.Path, $"{placed.Reference} can be named only in headers.");
        }
    }

    private static void CheckAnywhere(PlacedReference placed, SettingsErrors errors)
    {
        var reference = placed.Reference;
        if ((reference.Kind is MergeReferenceKind.Request && !RequestFacts.IsName(reference.Name))
            || Names(reference, "OAuthConsumerKey"))
        {
            errors.Add(placed.Path, $"{reference} is not known here.");
        }
    }

    private static bool Names(MergeReference reference, string name) =>
        reference.Kind is MergeReferenceKind.Credential && reference.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}
