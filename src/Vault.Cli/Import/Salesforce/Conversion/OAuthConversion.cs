using System.Globalization;
using System.Text.Json.Nodes;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>The protocol <c>Oauth</c> of external credentials: <c>oauth2</c> with the grant that its variant stands for.</summary>
/// <param name="context">What an import knows.</param>
/// <param name="file">As it is shown.</param>
/// <param name="scope">What names in formulas mean.</param>
internal sealed class OAuthConversion(ConversionContext context, string file, FormulaScope scope)
{
    private readonly List<DueParameter> _due = [];

    /// <summary>Converts; null where it can't come over, which is reported.</summary>
    public ProtocolDraft? Convert(CredentialParameters parameters, MetadataElement root, string? variant)
    {
        var provider = ReadProvider(parameters, root, variant);
        if (provider is null)
        {
            return null;
        }

        var settings = new JsonObject { ["protocol"] = "oauth2", ["grant"] = provider.Grant };
        if (provider.AuthorizationUrl is not null && provider.Grant == "authorizationCode")
        {
            settings["authorizationUrl"] = provider.AuthorizationUrl.OriginalString;
        }

        settings["tokenUrl"] = provider.TokenUrl.OriginalString;
        settings["clientAuthentication"] = provider.ClientAuthentication;
        var draft = new ProtocolDraft(settings) { NeedsConsent = provider.Grant == "authorizationCode" };
        if (ReadScope(parameters, provider.Scope) is { } asked)
        {
            settings["scope"] = asked;
        }

        foreach (var (name, value) in provider.Further)
        {
            settings[name] = value?.DeepClone();
        }

        if (ReadRefreshOn(parameters) is { } refreshOn)
        {
            settings["refreshOn"] = refreshOn;
        }

        var isPublic = provider.ClientAuthentication is "none" or "privateKeyJwt";
        draft.Needs("ClientId", "the client id, also called consumer key", provider.ClientId, isShared: true);
        if (!isPublic)
        {
            draft.Needs("ClientSecret", "the client secret, also called consumer secret", isShared: true);
        }

        foreach (var parameter in provider.Parameters.Concat(_due))
        {
            draft.Needs(parameter.Name, parameter.Meaning, parameter.KnownValue, parameter.IsShared, parameter.Principal);
        }

        return draft.SignsInAt(provider.TokenUrl);
    }

    private TokenProvider? ReadProvider(CredentialParameters parameters, MetadataElement root, string? variant)
    {
        var named = parameters.Take("AuthProvider");
        var identity = parameters.Take("ExternalAuthIdentityProvider");
        var flow = FlowOf(variant);
        if (identity is not null)
        {
            var found = context.FindIdentityProvider(file, identity.Element, identity.Reference ?? identity.Value, scope);
            if (found is not null && variant is not null && flow?.Grant != found.Grant)
            {
                context.Report.Add(file, identity, Outcome.Note, $"The flow of the identity provider counts ({found.Grant}), and not the variant {Shown.Of(variant)}.");
            }

            return found;
        }

        if (named is not null && flow is null)
        {
            if (variant is not null)
            {
                context.Report.Add(file, named, Outcome.Note, $"{Shown.Of(variant)} is no variant of OAuth that this import knows; the browser flow of the auth. provider is taken.");
            }

            return context.FindAuthProvider(file, named.Element, named.Reference ?? named.Value);
        }

        if (named is not null)
        {
            context.Report.Add(file, named, Outcome.NotImported, $"An auth. provider is for browser flows; the variant {Shown.Of(variant ?? "")} gets its tokens at AuthProviderUrl.");
        }

        var url = parameters.Take("AuthProviderUrl");
        if (url?.Value is null)
        {
            context.Report.Add(file, url?.Element ?? root, Outcome.NotImported, named is null
                ? "It names neither an auth. provider nor the URL of a token endpoint (AuthProviderUrl)."
                : "It names no URL of a token endpoint (AuthProviderUrl), which its variant needs.");
            return null;
        }

        if (TokenUrl.Read(url.Value, context.Options.AllowHttp, "tokenParameters", (outcome, sentence) => context.Report.Add(file, url, outcome, sentence)) is not { } token)
        {
            return null;
        }

        _due.AddRange(token.Due);
        var provider = new TokenProvider { Grant = flow?.Grant ?? "", ClientAuthentication = flow?.ClientAuthentication ?? "", TokenUrl = token.Url };
        token.AddTo(provider.Further, "tokenParameters");
        switch (variant)
        {
            case "ClientCredentialsClientSecret" or "ClientCredentialsClientSecretBasic":
                return provider;
            case "ClientCredentialsJwtAssertion" or "JwtBearer":
                return WithAssertion(parameters, root, provider);
            default:
                context.Report.Add(file, root, Outcome.NotImported, variant is null
                    ? "A browser flow needs an auth. provider or an identity provider, and it names none."
                    : $"The vault has no variant {Shown.Of(variant)} of OAuth.");
                return null;
        }
    }

    private static (string Grant, string ClientAuthentication)? FlowOf(string? variant) => variant switch
    {
        "ClientCredentialsClientSecret" => ("clientCredentials", "post"),
        "ClientCredentialsClientSecretBasic" => ("clientCredentials", "basic"),
        "ClientCredentialsJwtAssertion" => ("clientCredentials", "privateKeyJwt"),
        "JwtBearer" => ("jwtBearer", "none"),
        _ => null,
    };

    private TokenProvider WithAssertion(CredentialParameters parameters, MetadataElement root, TokenProvider provider)
    {
        var assertion = new AssertionConversion(file, scope, _due.Add, context.Report).Read(parameters);
        var certificate = parameters.Take("SigningCertificate");
        if (certificate is null)
        {
            context.Report.Add(file, root, Outcome.Note, "It names no signing certificate; the private key to sign with has to be entered all the same.");
        }

        _due.Add(new DueParameter("PrivateKey", KeyOf(certificate?.Reference ?? certificate?.Value), IsShared: true));
        var issuer = assertion["issuer"]?.GetValue<string>();
        provider.Further["assertion"] = assertion;
        return provider with { ClientId = issuer is not null && !issuer.Contains("{!", StringComparison.Ordinal) ? issuer : null };
    }

    /// <summary>What a private key is called when it has to be entered.</summary>
    public static string KeyOf(string? certificate) =>
        certificate is null ? "the private key (PEM) to sign with" : $"the private key (PEM) of the certificate {Shown.Of(certificate)}";

    // A scope of the credential, and one of a principal: what both ask for is asked for.
    private string? ReadScope(CredentialParameters parameters, string? fallback)
    {
        var scopes = new List<(CredentialParameter Parameter, string Text)>();
        while (parameters.Take("AuthParameter", "Scope") is { } parameter)
        {
            try
            {
                var translation = TemplateTranslator.Translate(parameter.Value ?? "", scope, target: null);
                _due.AddRange(translation.Parameters.Select(needed => new DueParameter(needed.Name, needed.Meaning)));
                foreach (var note in translation.Notes)
                {
                    context.Report.Add(file, parameter, Outcome.Note, note);
                }

                scopes.Add((parameter, translation.Text));
            }
            catch (FormulaException exception)
            {
                context.Report.Add(file, parameter, Outcome.NotImported, $"The scope did not come over: {exception.Message}.");
            }
        }

        var common = scopes.Where(scope => scope.Parameter.Group is null).Select(scope => scope.Text).DefaultIfEmpty(fallback ?? "").ToArray();
        var own = scopes.Where(scope => scope.Parameter.Group is not null).ToArray();
        if (own.Length == 0 || scope.Principals.Count <= 1)
        {
            return NullIfEmpty(Join([.. common, .. own.Select(scope => scope.Text)]));
        }

        // Each principal has its own: a parameter holds it.
        foreach (var (parameter, text) in own)
        {
            context.Report.Add(file, parameter, Outcome.Note, $"It is the scope of the principal {Shown.Of(parameter.Group ?? "")} alone: it goes into its parameter Scope.");
            _due.Add(DueParameter.Of("Scope", "the scope of this principal", Join([.. common, text]), parameter.Group));
        }

        foreach (var principal in scope.Principals.Except(own.Select(scope => scope.Parameter.Group ?? ""), StringComparer.OrdinalIgnoreCase))
        {
            _due.Add(new DueParameter("Scope", "the scope of this principal", NullIfEmpty(Join(common)), IsShared: true, Principal: principal));
        }

        return "{!$Credential.Scope}";
    }

    private JsonArray? ReadRefreshOn(CredentialParameters parameters)
    {
        var codes = new SortedSet<int>();
        foreach (var parameter in parameters.TakeAll("AdditionalRefreshStatusCode"))
        {
            if (int.TryParse(parameter.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 100 and <= 599)
            {
                codes.Add(code);
            }
            else
            {
                context.Report.Add(file, parameter, Outcome.NotImported, "A status that means a dead token is a number from 100 to 599.");
            }
        }

        codes.Add(401);
        return codes.Count == 1 ? null : new JsonArray([.. codes.Select(code => (JsonNode)code)]);
    }

    private static string Join(IReadOnlyList<string> scopes) =>
        string.Join(' ', scopes.SelectMany(text => text.Contains("{!", StringComparison.Ordinal) ? [text] : text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal));

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
