using System.Text.Json.Nodes;
using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Converts a legacy named credential: URL and authentication in one, which are two things here.</summary>
/// <param name="context">What an import knows.</param>
internal sealed class LegacyConversion(ConversionContext context)
{
    /// <summary>Converts one; null where it can't come over, which is reported.</summary>
    public NamedCredentialDefinition? Convert(MetadataFile file, MetadataElement root, NamedCredentialDefinition common)
    {
        var endpoint = root.Take("endpoint");
        var protocol = root.Take("protocol");
        var certificate = root.TakeText("certificate");
        if (root.Take("outboundNetworkConnection") is { } network)
        {
            context.Report.Add(file.Path, network, Outcome.Note,
                "There are no outbound network connections here: the vault itself has to reach the address (Vault:Egress:AllowedNetworks where it is private).");
        }

        var isPerUser = IsPerUser(file.Path, root);
        var name = context.ExternalNames.IsGiven(common.Name) ? context.ExternalNames.Give("legacy:" + file.Name, common.Name + "_Login") : context.ExternalNames.Give("legacy:" + file.Name, common.Name);
        var scope = new FormulaScope(name, file.Name, ["default"], isPerUser, IsOAuth: true);
        var draft = ConvertProtocol(file.Path, root, protocol, scope);
        RefuseSecrets(file.Path, root);
        if (endpoint is null)
        {
            context.Report.Add(file.Path, root, Outcome.NotImported, "It has no <endpoint>.");
            return null;
        }

        if (draft is null)
        {
            NamedCredentialConversion.TellSecrets(file.Path, endpoint, endpoint.Text, context.Report);
            return null;
        }

        var external = new ExternalDraft
        {
            Name = name,
            SourceName = file.Name,
            Label = common.Label,
            Protocol = draft,
            Principals = [new PrincipalDraft("default", "default", isPerUser, 1)],
        };
        if (new NamedCredentialConversion(context).ReadUrl(file.Path, endpoint, endpoint.Text, external, common.Name) is not { } url)
        {
            return null;
        }

        external.UseAt(url.Origin);
        context.Add(external);
        return common with
        {
            Url = url.Text,
            ExternalCredential = name,
            ClientCertificate = certificate is null ? null : NamedCredentialConversion.NeedCertificate(external, certificate),
        };
    }

    private bool IsPerUser(string file, MetadataElement root)
    {
        if (root.Take("principalType") is not { } type || type.Text is "NamedUser" or "Anonymous")
        {
            return false;
        }

        if (type.Text is not ("PerUser" or "UserWithImpersonation"))
        {
            context.Report.Add(file, type, Outcome.Note, $"{Shown.Of(type.Text)} is no principal type that this import knows; one set of secrets for everybody is taken.");
            return false;
        }

        return true;
    }

    private ProtocolDraft? ConvertProtocol(string file, MetadataElement root, MetadataElement? protocol, FormulaScope scope)
    {
        switch (protocol?.Text)
        {
            case "NoAuthentication":
                NoteLeftovers(file, root, "username", "oauthScope", "authProvider");
                return ProtocolDraft.Of("none");
            case "Password":
                NoteLeftovers(file, root, "oauthScope");
                return ProtocolDraft.Of("password").Needs("Username", "the user name", root.TakeText("username")).Needs("Password", "the password");
            case "Oauth":
                return ConvertOAuth(file, root, protocol);
            case "Jwt":
                return ConvertJwt(file, root, scope);
            case "JwtExchange":
                return ConvertExchange(file, root, scope);
            case "AwsSv4":
                return ConvertAws(file, root, protocol);
            case null:
                context.Report.Add(file, root, Outcome.NotImported, "It has no <protocol>.");
                return null;
            default:
                context.Report.Add(file, protocol, Outcome.NotImported, $"The protocol {Shown.Of(protocol.Text)} has no equivalent; docs/protocols.md lists what there is.");
                return null;
        }
    }

    private ProtocolDraft? ConvertOAuth(string file, MetadataElement root, MetadataElement protocol)
    {
        NoteLeftovers(file, root, "username");
        var named = root.Take("authProvider");
        var asked = root.TakeText("oauthScope");
        if (context.FindAuthProvider(file, named ?? protocol, named?.Text) is not { } provider)
        {
            return null;
        }

        var settings = new JsonObject
        {
            ["protocol"] = "oauth2",
            ["grant"] = provider.Grant,
            ["authorizationUrl"] = provider.AuthorizationUrl?.OriginalString,
            ["tokenUrl"] = provider.TokenUrl.OriginalString,
            ["clientAuthentication"] = provider.ClientAuthentication,
        };
        if ((asked ?? provider.Scope) is { } scope)
        {
            settings["scope"] = scope;
        }

        foreach (var (name, value) in provider.Further)
        {
            settings[name] = value?.DeepClone();
        }

        var draft = new ProtocolDraft(settings) { NeedsConsent = true }
            .Needs("ClientId", "the client id, also called consumer key", provider.ClientId, isShared: true)
            .Needs("ClientSecret", "the client secret, also called consumer secret", isShared: true)
            .SignsInAt(provider.TokenUrl);
        foreach (var parameter in provider.Parameters)
        {
            draft.Needs(parameter.Name, parameter.Meaning, parameter.KnownValue, parameter.IsShared);
        }

        return draft;
    }

    // Salesforce leaves these behind when the protocol is changed.
    private void NoteLeftovers(string file, MetadataElement root, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (root.Take(name) is { } left)
            {
                context.Report.Add(file, left, Outcome.Note, "The protocol doesn't use it; Salesforce leaves it behind when the protocol is changed.");
            }
        }
    }

    private ProtocolDraft ConvertJwt(string file, MetadataElement root, FormulaScope scope)
    {
        var draft = new ProtocolDraft(new JsonObject { ["protocol"] = "jwt" });
        var certificate = ReadAssertion(file, root, scope, draft, draft.Settings);
        return draft.Needs("Key", OAuthConversion.KeyOf(certificate), isShared: true);
    }

    private ProtocolDraft? ConvertExchange(string file, MetadataElement root, FormulaScope scope)
    {
        var endpoint = root.Take("authTokenEndpointUrl");
        var asked = root.TakeText("oauthScope");
        var assertion = new JsonObject();
        var draft = new ProtocolDraft(new JsonObject { ["protocol"] = "oauth2", ["grant"] = "jwtBearer" });
        var certificate = ReadAssertion(file, root, scope, draft, assertion);
        if (endpoint is null)
        {
            context.Report.Add(file, root, Outcome.NotImported, "It has no <authTokenEndpointUrl>.");
            return null;
        }

        if (TokenUrl.Read(endpoint.Text, context.Options.AllowHttp, "tokenParameters", (outcome, sentence) => context.Report.Add(file, endpoint, outcome, sentence)) is not { } token)
        {
            return null;
        }

        draft.Settings["tokenUrl"] = token.Url.OriginalString;
        draft.Settings["clientAuthentication"] = "none";
        if (asked is not null)
        {
            draft.Settings["scope"] = asked;
        }

        draft.Settings["assertion"] = assertion;
        token.AddTo(draft.Settings, "tokenParameters");
        foreach (var parameter in token.Due)
        {
            draft.Needs(parameter.Name, parameter.Meaning, isShared: true);
        }

        var issuer = assertion["issuer"]?.GetValue<string>();
        return draft
            .Needs("ClientId", "the client id; often the issuer", issuer is not null && !issuer.Contains("{!", StringComparison.Ordinal) ? issuer : null, isShared: true)
            .Needs("PrivateKey", OAuthConversion.KeyOf(certificate), isShared: true)
            .SignsInAt(token.Url);
    }

    private string? ReadAssertion(string file, MetadataElement root, FormulaScope scope, ProtocolDraft draft, JsonObject settings)
    {
        var conversion = new AssertionConversion(file, scope, parameter => draft.Needs(parameter.Name, parameter.Meaning), context.Report);
        var claims = new JsonObject();
        var certificate = root.TakeText("jwtSigningCertificate");
        settings["algorithm"] = "RS256";
        if (certificate is not null)
        {
            settings["keyId"] = certificate;
        }

        foreach (var (element, claim) in new[] { ("jwtIssuer", "iss"), ("jwtTextSubject", "sub"), ("jwtAudience", "aud") })
        {
            if (root.Take(element) is { } found)
            {
                conversion.Set(settings, claims, claim, found.Text, found);
            }
        }

        if (root.Take("jwtFormulaSubject") is { } formula)
        {
            ReadSubject(file, formula, scope, draft, settings);
        }

        var lifetime = root.Take("jwtValidityPeriodSeconds");
        var seconds = lifetime is null ? null : AssertionConversion.Lifetime(lifetime.Text);
        if (lifetime is not null && seconds is null)
        {
            context.Report.Add(file, lifetime, Outcome.Note, "It is no lifetime in seconds that the vault takes; 300 seconds stand in the definition.");
        }

        settings["lifetimeSeconds"] = seconds ?? 300;
        if (claims.Count > 0)
        {
            settings["claims"] = claims;
        }

        return certificate;
    }

    private void ReadSubject(string file, MetadataElement formula, FormulaScope scope, ProtocolDraft draft, JsonObject settings)
    {
        try
        {
            var translation = TemplateTranslator.TranslateFormula(formula.Text, scope, target: null);
            foreach (var parameter in translation.Parameters)
            {
                draft.Needs(parameter.Name, parameter.Meaning);
            }

            foreach (var note in translation.Notes)
            {
                context.Report.Add(file, formula, Outcome.Note, note);
            }

            settings["subject"] = translation.Text;
        }
        catch (FormulaException exception)
        {
            context.Report.Add(file, formula, Outcome.NotImported, $"The subject did not come over: {exception.Message}.");
        }
    }

    private ProtocolDraft? ConvertAws(string file, MetadataElement root, MetadataElement protocol)
    {
        var key = root.TakeText("awsAccessKey");
        return AwsConversion.Make(root.TakeText("awsRegion"), root.TakeText("awsService"), protocol, file, context.Report, key);
    }

    // Salesforce never gives these out, but people write them into files by hand.
    private void RefuseSecrets(string file, MetadataElement root)
    {
        foreach (var name in new[] { "password", "oauthToken", "oauthRefreshToken", "awsAccessSecret" })
        {
            if (root.Take(name) is { } element)
            {
                context.Report.Add(file, element, Outcome.SecretInFile, $"A secret stands in <{name}>; it wasn't copied. Take it out of the repository, and out of its history.");
            }
        }
    }
}
