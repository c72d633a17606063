using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Converts a <c>NamedCredential</c>, of the new schema or a legacy one.</summary>
/// <param name="context">What an import knows.</param>
internal sealed class NamedCredentialConversion(ConversionContext context)
{
    /// <summary>Converts one; null where it can't come over, which is reported.</summary>
    public NamedCredentialDefinition? Convert(MetadataFile file, MetadataElement root)
    {
        root.Ignore("fullName");
        var parameters = new CredentialParameters(file.Path, root, "namedCredentialParameters", context.Report);
        var type = root.TakeText("namedCredentialType");
        if (type is null && root.Children.Any(child => child.Name is "externalCredential" or "namedCredentialParameters"))
        {
            type = "SecuredEndpoint";
        }

        var common = new NamedCredentialDefinition
        {
            Name = context.NamedNames.Find(file.Name) ?? file.Name,
            Label = Texts.Label(root.TakeText("label")),
            Description = Texts.Description(root.TakeText("description")),
            Url = "",
            ExternalCredential = "",
            GenerateAuthorizationHeader = ReadFlag(file.Path, root, "generateAuthorizationHeader", fallback: true),
            AllowMergeFieldsInHeader = ReadFlag(file.Path, root, "allowMergeFieldsInHeader", fallback: false),
            AllowMergeFieldsInBody = ReadFlag(file.Path, root, "allowMergeFieldsInBody", fallback: false),
            Enabled = ReadEnabled(file.Path, root),
        };
        var definition = type switch
        {
            null or "Legacy" => new LegacyConversion(context).Convert(file, root, common),
            "SecuredEndpoint" or "PrivateEndpoint" => ConvertSecured(file, root, parameters, common),
            _ => Refuse(file.Path, root, $"The vault has no named credentials of the type {Shown.Of(type)}."),
        };
        parameters.Complete(isRefused: definition is null);
        context.Report.Complete(file.Path, root);
        if (definition is null)
        {
            return null;
        }

        if (definition.Name != file.Name)
        {
            context.Report.Add(file.Path, root, Outcome.Note,
                $"The named credential {Shown.Of(file.Name)} is called {definition.Name} here: names have letters, digits and single underscores. callout:{Shown.Of(file.Name)} is callout:{definition.Name} from now on.");
        }

        return definition;
    }

    private NamedCredentialDefinition? ConvertSecured(MetadataFile file, MetadataElement root, CredentialParameters parameters, NamedCredentialDefinition common)
    {
        // What each of these says is told even where the credential can't come over.
        var url = parameters.Take("Url") ?? Misplaced(file.Path, root, "endpoint") ?? Misplaced(file.Path, root, "url");
        var authentication = parameters.Take("Authentication") ?? Misplaced(file.Path, root, "externalCredential");
        var certificate = parameters.Take("ClientCertificate");
        var headers = parameters.TakeAll("HttpHeader");
        foreach (var network in parameters.TakeAll("OutboundNetworkConnection"))
        {
            context.Report.Add(file.Path, network, Outcome.Note,
                "There are no outbound network connections here: the vault itself has to reach the address (Vault:Egress:AllowedNetworks where it is private).");
        }

        foreach (var package in parameters.TakeAll("AllowedManagedPackageNamespaces"))
        {
            context.Report.Add(file.Path, package, Outcome.Note,
                $"The managed package {Shown.Of(package.Value ?? "")} may use it: what calls in its place is an app here, with a grant.");
        }

        var wanted = authentication?.Reference ?? authentication?.Value;
        var external = wanted is null ? null : FindExternal(wanted);
        var due = new List<FormulaParameter>();
        var converted = HeaderConversion.Convert(headers, ScopeOf(external, wanted ?? file.Name, common.Name), file.Path, due.Add, context.Report);
        if (external is null && url?.Value is { } refused)
        {
            TellSecrets(file.Path, url.Element, refused, context.Report);
        }

        if (authentication is null || wanted is null)
        {
            return Refuse(file.Path, authentication?.Element ?? root, "It names no external credential.");
        }

        if (external is null)
        {
            return Refuse(file.Path, authentication.Element, context.ExternalNames.Find(wanted) is null
                ? $"Its external credential {Shown.Of(wanted)} isn't among the files. Get it from the org: sf project retrieve start --metadata ExternalCredential:{Shown.Of(wanted)}"
                : $"Its external credential {Shown.Of(wanted)} did not come over.");
        }

        if (url?.Value is null)
        {
            return Refuse(file.Path, url?.Element ?? root, "It has no URL.");
        }

        if (ReadUrl(file.Path, url.Element, url.Value, external, common.Name) is not { } read)
        {
            return null;
        }

        external.UseAt(read.Origin);
        foreach (var needed in due)
        {
            external.Needs(needed.Name, needed.Meaning);
        }

        return common with
        {
            Url = read.Text,
            ExternalCredential = external.Name,
            CustomHeaders = converted.Count == 0 ? null : converted,
            ClientCertificate = certificate is null ? null : NeedCertificate(external, certificate.Reference ?? certificate.Value ?? common.Name),
        };
    }

    /// <summary>Reads a URL; null where it can't come over, which is reported.</summary>
    public CredentialUrl? ReadUrl(string file, MetadataElement element, string text, ExternalDraft external, string owner)
    {
        var read = CredentialUrl.Read(text, context.Options.AllowHttp, external.Name, owner, out var problem);
        if (read is null)
        {
            context.Report.Add(file, element, Outcome.NotImported, problem ?? "");
            TellSecrets(file, element, text, context.Report);
            return null;
        }

        if (read.PathWarning is { } warning)
        {
            context.Report.Add(file, element, Outcome.Note, warning);
        }

        foreach (var (query, parameter) in read.Secrets)
        {
            context.Report.Add(file, element, Outcome.SecretInFile,
                $"What looks like a secret stands in the URL, as {Shown.Of(query)}; it wasn't copied, the parameter {parameter} takes its place. Take it out of the repository, and out of its history.");
            external.Needs(parameter, $"the value of {Shown.Of(query)} in the URL", isShared: true);
        }

        return read;
    }

    /// <summary>Says which secrets stand in a URL that doesn't come over.</summary>
    public static void TellSecrets(string file, MetadataElement element, string url, ImportReport report)
    {
        foreach (var secret in UrlSecrets.In(url))
        {
            report.Add(file, element, Outcome.SecretInFile, secret.Sentence);
        }
    }

    /// <summary>A certificate for TLS, whose PEM has to be entered.</summary>
    public static ClientCertificateDefinition NeedCertificate(ExternalDraft external, string certificate)
    {
        var chain = VaultName.Of(certificate + "_Certificate");
        var keyMeaning = OAuthConversion.KeyOf(certificate);
        // The same certificate may sign JWTs, too; its key is entered once.
        var key = external.FindParameter(keyMeaning) ?? VaultName.Of(certificate + "_Key");
        external.Needs(chain, $"the certificate {Shown.Of(certificate)} (PEM, those between it and its root behind it)", isShared: true);
        external.Needs(key, keyMeaning, isShared: true);
        return new ClientCertificateDefinition { Certificate = chain, PrivateKey = key };
    }

    // Not where Salesforce has it, but in many a repository: what it means is plain.
    private CredentialParameter? Misplaced(string file, MetadataElement root, string name)
    {
        if (root.Take(name) is not { } element)
        {
            return null;
        }

        context.Report.Add(file, element, Outcome.Note, $"Salesforce takes <{name}> only as one of the namedCredentialParameters; it is read all the same.");
        return new CredentialParameter(element, name, name, element.Text, null, null, null);
    }

    private ExternalDraft? FindExternal(string name) =>
        context.ExternalNames.Find(name) is { } found && context.Externals.TryGetValue(found, out var draft) ? draft : null;

    // Of a credential that isn't there only the report is wanted: what its headers hold.
    private static FormulaScope ScopeOf(ExternalDraft? external, string wanted, string owner) => external is null
        ? new FormulaScope(VaultName.Of(wanted), wanted, [], HasUsers: true, IsOAuth: true, owner)
        : new FormulaScope(
            external.Name, external.SourceName, [.. external.Principals.Select(principal => principal.SourceName)], external.Principals.Any(principal => principal.IsPerUser),
            external.Summary.StartsWith("oauth2", StringComparison.Ordinal) || external.Summary == "jwt", owner, external.Own);

    // What nobody can read as on, is off.
    private bool? ReadEnabled(string file, MetadataElement root)
    {
        if (root.Take("calloutStatus") is not { } status || status.Text.Equals("Enabled", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (!status.Text.Equals("Disabled", StringComparison.OrdinalIgnoreCase))
        {
            context.Report.Add(file, status, Outcome.Note, $"{Shown.Of(status.Text)} is neither Enabled nor Disabled; it is turned off (enabled: false).");
        }

        return false;
    }

    private bool? ReadFlag(string file, MetadataElement root, string name, bool fallback)
    {
        if (root.Take(name) is not { } element)
        {
            return null;
        }

        if (element.Text is not ("true" or "false"))
        {
            context.Report.Add(file, element, Outcome.Note, $"It is neither true nor false; {(fallback ? "true" : "false")} is taken.");
            return null;
        }

        return (element.Text == "true") == fallback ? null : !fallback;
    }

    private NamedCredentialDefinition? Refuse(string file, MetadataElement element, string sentence)
    {
        context.Report.Add(file, element, Outcome.NotImported, sentence);
        return null;
    }
}
