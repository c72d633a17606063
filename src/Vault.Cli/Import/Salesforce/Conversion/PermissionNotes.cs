using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Permission sets and profiles that may use principals: who had access, for whoever grants it to apps.</summary>
internal static class PermissionNotes
{
    /// <summary>Whether a file has anything to say; most are large and have not.</summary>
    public static bool AreIn(MetadataFile file) => file.Content.Span.IndexOf("externalCredentialPrincipalAccesses"u8) >= 0;

    /// <summary>Says who had access to what came over.</summary>
    public static void Add(ConversionContext context, MetadataFile file, MetadataElement root)
    {
        foreach (var access in root.TakeAll("externalCredentialPrincipalAccesses"))
        {
            if (access.TakeText("enabled") == "false" || access.Take("externalCredentialPrincipal") is not { } principal)
            {
                continue;
            }

            context.Report.Add(file.Path, principal, Outcome.Note, Find(context, principal.Text) is { } found
                ? $"{Shown.Of(file.Name)} may use the principal {found.Principal} of {found.External}. Here apps have grants: give one to the app that takes its place (apps in the definitions file, or --app)."
                : $"{Shown.Of(file.Name)} may use {Shown.Of(principal.Text)}, which did not come over.");
        }
    }

    // Written as "Credential-Principal" or "Credential - Principal"; a principal may have hyphens of its own.
    private static (string External, string Principal)? Find(ConversionContext context, string text)
    {
        for (var at = text.IndexOf('-', StringComparison.Ordinal); at > 0; at = text.IndexOf('-', at + 1))
        {
            var (credential, name) = (text[..at].Trim(), text[(at + 1)..].Trim());
            if (context.ExternalNames.Find(credential) is { } found && context.Externals.TryGetValue(found, out var external)
                && external.Principals.FirstOrDefault(principal => principal.SourceName.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } principal)
            {
                return (external.Name, principal.Name);
            }
        }

        return null;
    }
}
