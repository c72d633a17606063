using Vault.Core.Definitions;

namespace Vault.Core.Administration.Secrets;

/// <summary>Whether everything that a principal needs has a value.</summary>
internal static class ConfigurationStatus
{
    /// <param name="account">Whose.</param>
    /// <param name="set">The parameters that have a value, those that users share included.</param>
    /// <param name="own">Those of them that are the account's own: a user's, or what its principal has for all.</param>
    /// <param name="hasToken">Whether there is a token that is good, or can be renewed.</param>
    public static string Of(Account account, IEnumerable<string> set, IReadOnlyCollection<string> own, bool hasToken)
    {
        var names = set.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var authentication = account.Credential.Authentication;
        var required = account.Credential.RequiredParameters.Concat(
            account.Credential.ParametersOf(account.Credential.Definition.CustomHeaders.SelectMany(header => header.Value.References)));
        var isOfAll = account.User.Length == 0;

        // As a callout judges: a consent is a user's own, and a token without one is not.
        var isProven = authentication.Consent is null
            ? isOfAll || account.Credential.IsProof(own) || authentication.NamesUser
            : hasToken || own.Contains("RefreshToken", StringComparer.OrdinalIgnoreCase) || (isOfAll && account.Principal.Type is PrincipalType.PerUser);
        return required.All(names.Contains) && isProven ? "configured" : "notConfigured";
    }
}
