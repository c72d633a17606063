using Vault.Cli.Documents;

namespace Vault.Cli.Import;

/// <summary>What an import gives.</summary>
/// <param name="Document">The definitions; they hold no secret.</param>
/// <param name="Report">What became of everything, and what is still to do.</param>
internal sealed record ImportResult(DefinitionsDocument Document, ImportReport Report)
{
    /// <summary>Makes the document of what came over, and says so in the report.</summary>
    /// <param name="externals">By the vault's names.</param>
    /// <param name="named">In any order.</param>
    /// <param name="options">What the import may do.</param>
    /// <param name="report">Where it is said.</param>
    public static ImportResult Of(
        IReadOnlyDictionary<string, ExternalDraft> externals, IReadOnlyList<NamedCredentialDefinition> named, ImportOptions options, ImportReport report)
    {
        var drafts = externals.Values.OrderBy(external => external.Name, StringComparer.OrdinalIgnoreCase).ToArray();
        var ordered = named.OrderBy(credential => credential.Name, StringComparer.OrdinalIgnoreCase).ToArray();
        foreach (var credential in ordered)
        {
            report.Import($"{credential.Name}: {credential.Url}, external credential {credential.ExternalCredential} ({externals[credential.ExternalCredential].Summary})");
        }

        foreach (var external in drafts)
        {
            AddToDo(external, ordered, report);
        }

        return new ImportResult(
            new DefinitionsDocument
            {
                ExternalCredentials = drafts.Length == 0 ? null : [.. drafts.Select(external => external.ToDefinition())],
                NamedCredentials = ordered.Length == 0 ? null : ordered,
                Apps = options.App is { } app && ordered.Length > 0 ? [AppOf(app, ordered, externals)] : null,
            },
            report);
    }

    private static void AddToDo(ExternalDraft external, IReadOnlyList<NamedCredentialDefinition> named, ImportReport report)
    {
        foreach (var secret in external.Secrets)
        {
            report.Enter(secret);
        }

        if (external.Protocol.NeedsConsent)
        {
            var links = external.Principals.Select(principal =>
                $"POST /api/v1/external-credentials/{external.Name}/principals/{principal.Name}/{(principal.IsPerUser ? "users/<user>/" : "")}credential/authorize");
            report.Do($"{external.Name} needs consent in a browser: enter {{Vault:PublicUrl}}/oauth/callback as a redirect URI at its provider, then ask the vault for the link ({string.Join(", ", links)}).");
        }

        if (external.Hosts.Count > 1 && external.Protocol.Settings["protocol"]?.ToString() != "none" && report.Origin != "Salesforce")
        {
            report.Do($"The secrets of {external.Name} may be sent to {string.Join(", ", external.Hosts)}. Where these have secrets of their own, give each an external credential.");
        }

        if (external.Summary == "custom" && external.Headers.Count == 0 && !named.Any(credential => credential.ExternalCredential == external.Name && credential.CustomHeaders is not null))
        {
            var commands = external.Principals.Select(principal => SecretToEnter.CommandOf(external.Name, "<parameter>", principal.Name, principal.IsPerUser));
            report.Do($"{external.Name} is of the protocol custom and has no headers: the parameters that your code merges as {{!$Credential.…}} aren't in the metadata. Enter each: {string.Join(", ", commands)}");
        }
    }

    private static AppDefinition AppOf(string name, IReadOnlyList<NamedCredentialDefinition> named, IReadOnlyDictionary<string, ExternalDraft> externals) => new()
    {
        Name = name,
        MayAssertUser = externals.Values.Any(external => external.Principals.Any(principal => principal.IsPerUser)) ? true : null,
        Grants = [.. named.Select(credential => new GrantDefinition
        {
            NamedCredential = credential.Name,
            Principals = [.. externals[credential.ExternalCredential].Principals.Select(principal => principal.Name)],
        })],
    };
}
