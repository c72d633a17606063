using Vault.Core.Authentication.Credentials;
using Vault.Core.MergeFields;

namespace Vault.Core.Administration.Secrets;

/// <summary>Whether everything that a principal needs has a value.</summary>
internal static class ConfigurationStatus
{
    public static string Of(BoundCredential credential, IEnumerable<string> set)
    {
        var names = set.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var required = credential.Authentication.RequiredParameters.Concat(credential.Definition.CustomHeaders
            .SelectMany(header => header.Value.References)
            .Where(reference => reference.Kind is MergeReferenceKind.Credential && reference.Qualifier is not "Endpoint" && !Definitions.NameRules.IsComputed(reference.Name))
            .Select(reference => reference.Name));
        return required.All(names.Contains) ? "configured" : "notConfigured";
    }
}
