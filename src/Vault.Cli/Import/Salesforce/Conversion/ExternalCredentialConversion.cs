using System.Globalization;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;
using Vault.Cli.Import.Salesforce.Names;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Converts an <c>ExternalCredential</c>.</summary>
/// <param name="context">What an import knows.</param>
internal sealed class ExternalCredentialConversion(ConversionContext context)
{
    /// <summary>Converts one; where it can't come over, that is reported.</summary>
    public void Convert(MetadataFile file, MetadataElement root)
    {
        root.Ignore("fullName");
        var parameters = new CredentialParameters(file.Path, root, "externalCredentialParameters", context.Report);
        var label = root.TakeText("label");
        var description = root.TakeText("description");
        var protocol = root.Take("authenticationProtocol");
        var variant = parameters.Take("AuthProtocolVariant");
        var name = context.ExternalNames.Find(file.Name) ?? file.Name;
        var principals = ReadPrincipals(file.Path, name, parameters, root);
        var kind = protocol?.Text ?? "";
        var scope = new FormulaScope(name, file.Name, [.. principals.Select(principal => principal.SourceName)], principals.Any(principal => principal.IsPerUser),
            kind.Equals("Oauth", StringComparison.OrdinalIgnoreCase) || kind.StartsWith("Jwt", StringComparison.OrdinalIgnoreCase), Own: OwnNames(kind, root));
        var due = new List<FormulaParameter>();
        var headers = HeaderConversion.Convert([.. parameters.TakeAll("AuthHeader"), .. parameters.TakeAll("HttpHeader")], scope, file.Path, due.Add, context.Report);
        var converted = ConvertProtocol(file.Path, parameters, root, protocol, variant, scope);
        parameters.Complete(isRefused: converted is null);
        context.Report.Complete(file.Path, root);
        if (converted is null)
        {
            return;
        }

        var draft = new ExternalDraft
        {
            Name = name,
            SourceName = file.Name,
            Label = Texts.Label(label),
            Description = Texts.Description(description),
            Protocol = converted,
            Principals = principals,
            Headers = headers,
            Own = scope.Own ?? [],
        };
        foreach (var parameter in due)
        {
            draft.Needs(parameter.Name, parameter.Meaning);
        }

        context.Add(draft);
        if (name != file.Name)
        {
            context.Report.Add(file.Path, root, Outcome.Note, $"The external credential {Shown.Of(file.Name)} is called {name} here: names have letters, digits and single underscores.");
        }
    }

    // A protocol without tokens has none for these names to mean; Body always has a meaning, unless there is such a parameter.
    private static string[] OwnNames(string kind, MetadataElement root) => kind switch
    {
        "Custom" =>
        [
            "OAuthToken", "OAuthConsumerKey", "AuthorizationMethod", "AuthorizationHeaderValue",
            .. root.Children.Where(child => child.Children.Any(type => type is { Name: "parameterType", Text: "AuthParameter" }))
                .SelectMany(child => child.Children.Where(name => name.Name == "parameterName").Select(name => name.Text)).Where(VaultName.IsComputed),
        ],
        "Basic" or "Password" => ["OAuthToken", "OAuthConsumerKey"],
        _ => [],
    };

    private ProtocolDraft? ConvertProtocol(
        string file, CredentialParameters parameters, MetadataElement root, MetadataElement? protocol, CredentialParameter? stated, FormulaScope scope)
    {
        var variant = stated?.Value;
        if (stated is not null && variant is not null && protocol?.Text is "Basic" or "Password" or "Custom" or "NoAuthentication" or "Jwt"
            && !(variant == "NoAuthentication" && protocol.Text is "Custom" or "NoAuthentication"))
        {
            context.Report.Add(file, stated, Outcome.Note, $"{Shown.Of(variant)} is no variant of {protocol.Text} that this import knows; it is read as {protocol.Text} without one.");
        }

        switch (protocol?.Text)
        {
            case "Basic" or "Password":
                return ProtocolDraft.Of("password").Needs("Username", "the user name").Needs("Password", "the password");
            case "Custom" when variant == "NoAuthentication":
            case "NoAuthentication":
                return ProtocolDraft.Of("none");
            case "Custom":
                return ConvertCustom(file, parameters);
            case "Oauth" or "OAuth":
                return new OAuthConversion(context, file, scope).Convert(parameters, root, variant);
            case "Jwt":
                return ConvertJwt(file, parameters, root, scope);
            case "JwtExchange":
                return new OAuthConversion(context, file, scope).Convert(parameters, root, variant ?? "JwtBearer");
            case "AwsSv4":
                return AwsConversion.Convert(parameters, root, variant, file, context.Report);
            case null:
                context.Report.Add(file, root, Outcome.NotImported, "It has no <authenticationProtocol>.");
                return null;
            default:
                context.Report.Add(file, protocol, Outcome.NotImported, $"The protocol {Shown.Of(protocol.Text)} has no equivalent; docs/protocols.md lists what there is.");
                return null;
        }
    }

    // Their values are in the org, and not in the metadata.
    private ProtocolDraft ConvertCustom(string file, CredentialParameters parameters)
    {
        var draft = ProtocolDraft.Of("custom");
        foreach (var parameter in parameters.TakeAll("AuthParameter"))
        {
            var name = VaultName.OfParameter(parameter.Name);
            if (name != parameter.Name)
            {
                context.Report.Add(file, parameter, Outcome.Note, $"The parameter {Shown.Of(parameter.Name)} is called {name} here.");
            }

            draft.Needs(name, "the parameter " + Shown.Of(parameter.Name));
        }

        return draft;
    }

    private ProtocolDraft ConvertJwt(string file, CredentialParameters parameters, MetadataElement root, FormulaScope scope)
    {
        var due = new List<DueParameter>();
        var settings = new AssertionConversion(file, scope, due.Add, context.Report).Read(parameters);
        settings.Insert(0, "protocol", "jwt");
        var certificate = parameters.Take("SigningCertificate");
        if (certificate is null)
        {
            context.Report.Add(file, root, Outcome.Note, "It names no signing certificate; the private key to sign with has to be entered all the same.");
        }

        var draft = new ProtocolDraft(settings).Needs("Key", OAuthConversion.KeyOf(certificate?.Reference ?? certificate?.Value), isShared: true);
        foreach (var parameter in due)
        {
            draft.Needs(parameter.Name, parameter.Meaning, parameter.KnownValue, parameter.IsShared, parameter.Principal);
        }

        return draft;
    }

    // Not in the schema, but in many a repository: what it means is plain.
    private IEnumerable<CredentialParameter> ReadPrincipalElements(string file, MetadataElement root)
    {
        foreach (var element in root.TakeAll("principals"))
        {
            var (name, type, sequence) = (element.TakeText("principalName"), element.TakeText("principalType"), element.TakeText("sequenceNumber"));
            if (name is null)
            {
                context.Report.Add(file, element, Outcome.NotImported, "It has no <principalName>.");
                continue;
            }

            context.Report.Add(file, element, Outcome.Note, "Salesforce has no <principals>; it is read as a principal all the same.");
            yield return new CredentialParameter(
                element, type?.StartsWith("PerUser", StringComparison.Ordinal) is true ? "PerUserPrincipal" : "NamedPrincipal", name, null, null,
                int.TryParse(sequence, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null, null);
        }
    }

    private List<PrincipalDraft> ReadPrincipals(string file, string credential, CredentialParameters parameters, MetadataElement root)
    {
        var names = new NameTable();
        var principals = new List<PrincipalDraft>();
        var found = parameters.TakeAll("NamedPrincipal").Concat(parameters.TakeAll("PerUserPrincipal")).Concat(ReadPrincipalElements(file, root));
        foreach (var principal in found.OrderBy(principal => principal.Sequence ?? int.MaxValue))
        {
            if (names.Find(principal.Name) is not null)
            {
                context.Report.Add(file, principal, Outcome.NotImported, $"There is another principal {Shown.Of(principal.Name)} before it.");
                continue;
            }

            var name = names.Give(principal.Name, mayBeComputed: true);
            if (name != principal.Name)
            {
                context.Report.Add(file, principal, Outcome.Note, $"The principal {Shown.Of(principal.Name)} is called {name} here.");
            }

            // Up to API 57 a principal was a permission set.
            if (principal.Element.TakeText("principal") is { } permissionSet)
            {
                context.Report.Do($"The permission set {Shown.Of(permissionSet)} used the principal {name} of {credential}: grant it to the apps that take its place.");
            }

            principals.Add(new PrincipalDraft(principal.Name, name, principal.Type == "PerUserPrincipal", principal.Sequence ?? principals.Count + 1));
        }

        return principals.Count > 0 ? principals : [new PrincipalDraft("default", "default", false, 1)];
    }
}
