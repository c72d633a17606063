using System.Collections.Frozen;
using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Definitions;

/// <summary>Names that definitions and parameters may have.</summary>
internal static class NameRules
{
    private static readonly FrozenSet<string> Computed = new[]
    {
        "Body", "Endpoint", "OAuthToken", "OAuthConsumerKey", "AuthorizationMethod", "AuthorizationHeaderValue",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the name means something computed in merge fields, and so can't be a parameter's or an external credential's.</summary>
    public static bool IsComputed(string name) => Computed.Contains(name);

    /// <summary>The name of a definition: the body's, which on PUT may be left out and else must be the route's.</summary>
    public static DeveloperName? Read(string? name, DeveloperName? route, InputErrors errors)
    {
        if (name is null && route is not null)
        {
            return route;
        }

        if (name is null)
        {
            errors.Add("$.name", "Is required.");
            return null;
        }

        if (!DeveloperName.TryParse(name, out var parsed))
        {
            errors.Add("$.name", "The name " + DeveloperName.Rule + ".");
            return null;
        }

        if (VaultKeyForm.IsIn(name))
        {
            errors.Add("$.name", "Has the form of a vault key: names are shown and recorded. Replace the key, if it is one.");
            return null;
        }

        if (route is { } expected && expected != parsed)
        {
            errors.Add("$.name", $"Must be the name in the route, {expected}, or be left out.");
        }

        return route ?? parsed;
    }
}
