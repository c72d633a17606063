using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Conversion;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce;

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
        var report = new ImportReport("Salesforce", "metadata");
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
        return ImportResult.Of(context.Externals, named, options, report);
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
}
