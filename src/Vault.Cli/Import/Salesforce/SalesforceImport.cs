using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Conversion;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce;

/// <summary>What an import gives.</summary>
/// <param name="Document">The definitions; they hold no secret.</param>
/// <param name="Report">What became of each file, and what is still to do.</param>
internal sealed record ImportResult(DefinitionsDocument Document, ImportReport Report);

/// <summary>Turns Salesforce metadata into definitions of a vault.</summary>
internal static class SalesforceImport
{
    /// <summary>Imports a file, a directory tree or a zip.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="options">What the import may do.</param>
    /// <exception cref="CommandFailure">There is nothing that could be read.</exception>
    public static ImportResult Run(string path, ImportOptions options)
    {
        // 1. What is there. 2. Names, so that files can refer to each other in any order. 3. External credentials. 4. Those that use them. 5. The rest.
        var report = new ImportReport();
        var files = new SourceReader(report).Read(path);
        var context = new ConversionContext(options, report, Parse(files, report));
        GiveNames(context, MetadataKind.ExternalCredential);
        GiveNames(context, MetadataKind.NamedCredential);
        foreach (var (file, root) in context.Of(MetadataKind.ExternalCredential))
        {
            new ExternalCredentialConversion(context).Convert(file, root);
        }

        var named = new List<NamedCredentialDefinition>();
        foreach (var (file, root) in context.Of(MetadataKind.NamedCredential))
        {
            if (new NamedCredentialConversion(context).Convert(file, root) is { } definition)
            {
                named.Add(definition);
            }
        }

        ReportRest(context);
        return new ImportResult(Finish(context, named), report);
    }

    private static List<(MetadataFile File, MetadataElement Root)> Parse(IReadOnlyList<MetadataFile> files, ImportReport report)
    {
        var parsed = new List<(MetadataFile File, MetadataElement Root)>();
        var known = new Dictionary<(MetadataKind, string), MetadataFile>();
        foreach (var file in files)
        {
            // Two packages of a project may have a permission set of one name; it is the same credential that mustn't be defined twice.
            var key = (file.Kind, file.Name.ToUpperInvariant());
            if (file.Kind is not (MetadataKind.Permissions or MetadataKind.RemoteSite) && known.TryGetValue(key, out var first))
            {
                var isSame = first.Content.Span.SequenceEqual(file.Content.Span);
                var element = new MetadataElement(file.Kind.ToString(), 1, 1);
                report.Add(file.Path, element, isSame ? Outcome.Note : Outcome.NotImported,
                    isSame ? $"It is the same as {first.Path}." : $"{first.Path} defines {Shown.Of(file.Name)}, too, and differently; that one was taken.");
                continue;
            }

            if (MetadataXml.Read(file.Content, out var problem) is not { } root)
            {
                report.Refuse(file.Path, problem);
            }
            else if (MetadataFile.KindOf(root.Name) != file.Kind)
            {
                report.Add(file.Path, root, Outcome.NotImported, $"Its root element is <{Shown.Of(root.Name)}>, which isn't what its name says.");
            }
            else
            {
                parsed.Add((file, root));
                known.TryAdd(key, file);
            }
        }

        return parsed;
    }

    private static void GiveNames(ConversionContext context, MetadataKind kind)
    {
        var names = kind is MetadataKind.NamedCredential ? context.NamedNames : context.ExternalNames;
        foreach (var (file, _) in context.Of(kind))
        {
            names.Give(file.Name, mayBeComputed: kind is MetadataKind.NamedCredential);
        }
    }

    private static void ReportRest(ConversionContext context)
    {
        foreach (var (file, root) in context.Of(MetadataKind.RemoteSite))
        {
            context.Report.Add(file.Path, root, Outcome.Note, "Sites have no equivalent and need none: a named credential's url and allowedHosts say where requests may go.");
        }

        foreach (var (file, root) in context.UnusedProviders)
        {
            AuthProviderConversion.TellSecrets(file, root, context.Report);
            context.Report.Add(file.Path, root, Outcome.Note, "No credential among the files uses it.");
        }

        foreach (var external in context.Externals.Values.Where(external => !external.IsUsed))
        {
            context.Report.Do($"No named credential that came over uses the external credential {external.Name}.");
        }

        foreach (var (file, root) in context.Of(MetadataKind.Permissions))
        {
            PermissionNotes.Add(context, file, root);
        }
    }

    private static DefinitionsDocument Finish(ConversionContext context, IReadOnlyList<NamedCredentialDefinition> named)
    {
        var externals = context.Externals.Values.OrderBy(external => external.Name, StringComparer.OrdinalIgnoreCase).ToArray();
        var ordered = named.OrderBy(credential => credential.Name, StringComparer.OrdinalIgnoreCase).ToArray();
        foreach (var credential in ordered)
        {
            context.Report.Import($"{credential.Name}: {credential.Url}, external credential {credential.ExternalCredential} ({context.Externals[credential.ExternalCredential].Summary})");
        }

        foreach (var external in externals)
        {
            foreach (var secret in external.Secrets)
            {
                context.Report.Enter(secret);
            }

            if (external.Protocol.NeedsConsent)
            {
                var links = external.Principals.Select(principal =>
                    $"POST /api/v1/external-credentials/{external.Name}/principals/{principal.Name}/{(principal.IsPerUser ? "users/<user>/" : "")}credential/authorize");
                context.Report.Do($"{external.Name} needs consent in a browser: enter {{Vault:PublicUrl}}/oauth/callback as a redirect URI at its provider, then ask the vault for the link ({string.Join(", ", links)}).");
            }

            if (external.Summary == "custom" && external.Headers.Count == 0 && !ordered.Any(credential => credential.ExternalCredential == external.Name && credential.CustomHeaders is not null))
            {
                var commands = external.Principals.Select(principal => SecretToEnter.CommandOf(external.Name, "<parameter>", principal.Name, principal.IsPerUser));
                context.Report.Do($"{external.Name} is of the protocol custom and has no headers: the parameters that your code merges as {{!$Credential.…}} aren't in the metadata. Enter each: {string.Join(", ", commands)}");
            }
        }

        return new DefinitionsDocument
        {
            ExternalCredentials = externals.Length == 0 ? null : [.. externals.Select(external => external.ToDefinition())],
            NamedCredentials = ordered.Length == 0 ? null : ordered,
            Apps = context.Options.App is { } app && ordered.Length > 0 ? [AppOf(app, ordered, context)] : null,
        };
    }

    private static AppDefinition AppOf(string name, IReadOnlyList<NamedCredentialDefinition> named, ConversionContext context) => new()
    {
        Name = name,
        MayAssertUser = context.Externals.Values.Any(external => external.Principals.Any(principal => principal.IsPerUser)) ? true : null,
        Grants = [.. named.Select(credential => new GrantDefinition
        {
            NamedCredential = credential.Name,
            Principals = [.. context.Externals[credential.ExternalCredential].Principals.Select(principal => principal.Name)],
        })],
    };
}
