using Vault.Core.Definitions;

namespace Vault.Core.Administration.Secrets;

/// <summary>Whether everything that a principal needs has a value.</summary>
internal static class ConfigurationStatus
{
    /// <param name="account">Whose.</param>
    /// <param name="set">The parameters that have a value, those that users share included.</param>
    /// <param name="hasOwn">Whether some are the user's own.</param>
    /// <param name="hasConsent">Whether there is a token that is good, or can be renewed.</param>
    public static string Of(Account account, IEnumerable<string> set, bool hasOwn, bool hasConsent)
    {
        var names = set.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var authentication = account.Credential.Authentication;
        var required = account.Credential.RequiredParameters.Concat(
            account.Credential.ParametersOf(account.Credential.Definition.CustomHeaders.SelectMany(header => header.Value.References)));
        var isUsers = account.User.Length == 0 || hasOwn || hasConsent || authentication.NamesUser;
        var isConsented = authentication.Consent is null || hasConsent || names.Contains("RefreshToken")
            || (account.Principal.Type is PrincipalType.PerUser && account.User.Length == 0);
        return required.All(names.Contains) && isUsers && isConsented ? "configured" : "notConfigured";
    }
}
