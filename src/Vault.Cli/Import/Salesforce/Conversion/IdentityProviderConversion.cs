using System.Text.Json.Nodes;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Reads an <c>ExternalAuthIdentityProvider</c> (API 62 and later).</summary>
/// <param name="file">The file.</param>
/// <param name="scope">What names in formulas mean: those of the external credential that uses it.</param>
/// <param name="allowHttp">Whether http is fine.</param>
/// <param name="report">Where problems go.</param>
internal sealed class IdentityProviderConversion(MetadataFile file, FormulaScope scope, bool allowHttp, ImportReport report)
{
    private readonly List<DueParameter> _due = [];

    /// <summary>Reads one; null where the vault has nothing like it, which is reported.</summary>
    public TokenProvider? Read(MetadataElement root)
    {
        root.Ignore("fullName", "label", "description", "authenticationProtocol");
        var flow = root.TakeText("authenticationFlow") ?? "AuthorizationCode";
        // Salesforce's own example has the name in the singular.
        const string Parameter = "externalAuthIdentityProviderParameter";
        var parameters = new CredentialParameters(file.Path, root, root.Children.Any(child => child.Name == Parameter) ? Parameter : Parameter + "s", report);
        var grant = flow switch { "AuthorizationCode" => "authorizationCode", "ClientCredentials" => "clientCredentials", "JwtBearer" => "jwtBearer", _ => null };
        if (grant is null)
        {
            report.Add(file.Path, root, Outcome.NotImported, $"The vault has no flow {Shown.Of(flow)}.");
            parameters.Complete(isRefused: true);
            return null;
        }

        // PKCE is always used here; who somebody is, isn't asked for.
        parameters.TakeAll("IdentityProviderOptions");
        parameters.TakeAll("UserInfoUrl");
        var further = new JsonObject();
        var authorizationUrl = Url(parameters.Take("AuthorizeUrl"), further, "authorizationParameters");
        var tokenUrl = Url(parameters.Take("TokenUrl"), further, "tokenParameters");
        Add(further, "authorizationParameters", parameters.TakeAll("AuthorizeRequestQueryParameter"));
        Add(further, "tokenParameters", [.. parameters.TakeAll("TokenRequestBodyParameter"), .. parameters.TakeAll("RequestBodyParameter")]);
        Add(further, "tokenHeaders", [.. parameters.TakeAll("TokenRequestHttpHeader"), .. parameters.TakeAll("HttpHeader")]);
        NoteRefresh([.. parameters.TakeAll("RefreshRequestBodyParameter"), .. parameters.TakeAll("RefreshRequestHttpHeader"), .. parameters.TakeAll("RefreshRequestQueryParameter")]);
        tokenUrl = WithQuery(tokenUrl, further, [.. parameters.TakeAll("TokenRequestQueryParameter"), .. parameters.TakeAll("UrlQueryParameter")]);
        var authentication = ReadAuthentication(parameters.Take("ClientAuthentication"));
        if (parameters.Take("SigningCertificate") is { } certificate)
        {
            further["assertion"] = new AssertionConversion(file.Path, scope, _due.Add, report).Read(parameters);
            _due.Add(new DueParameter("PrivateKey", $"the private key (PEM) of the certificate {Shown.Of(certificate.Reference ?? certificate.Value ?? "")}", IsShared: true));
            authentication = grant == "clientCredentials" ? "privateKeyJwt" : authentication;
        }

        parameters.Complete();
        report.Complete(file.Path, root);
        if (tokenUrl is null || (grant == "authorizationCode" && authorizationUrl is null))
        {
            report.Add(file.Path, root, Outcome.NotImported, "It names no TokenUrl, or no AuthorizeUrl, that the vault could use.");
            return null;
        }

        return new TokenProvider
        {
            Grant = grant,
            ClientAuthentication = authentication,
            AuthorizationUrl = authorizationUrl,
            TokenUrl = tokenUrl,
            Further = further,
            Parameters = _due,
        };
    }

    private string ReadAuthentication(CredentialParameter? parameter)
    {
        switch (parameter?.Value)
        {
            case null or "ClientSecretBasic":
                return "basic";
            case "ClientSecretPost":
                return "post";
            case "PrivateKeyJwt":
                return "privateKeyJwt";
            default:
                report.Add(file.Path, parameter, Outcome.NotImported, $"{Shown.Of(parameter.Value)} is no client authentication that this import knows; basic stands in the definition.");
                return "basic";
        }
    }

    private Uri? Url(CredentialParameter? parameter, JsonObject further, string setting)
    {
        if (parameter?.Value is null || TokenUrl.Read(parameter.Value, allowHttp, setting, (outcome, sentence) => report.Add(file.Path, parameter, outcome, sentence)) is not { } url)
        {
            return null;
        }

        url.AddTo(further, setting);
        _due.AddRange(url.Due);
        return url.Url;
    }

    private void Add(JsonObject further, string setting, IReadOnlyList<CredentialParameter> parameters)
    {
        var values = further[setting] as JsonObject ?? [];
        foreach (var parameter in parameters.Where(parameter => parameter.Value is not null))
        {
            try
            {
                var translation = TemplateTranslator.Translate(parameter.Value ?? "", scope, parameter.Name);
                if (translation.HadSecret)
                {
                    report.Add(file.Path, parameter, Outcome.SecretInFile,
                        $"What looks like a secret stands in {Shown.Of(parameter.Name)}; it wasn't copied, a parameter takes its place. Take it out of the repository, and out of its history.");
                    if (TokenUrl.IsClientSecret(parameter.Name))
                    {
                        continue;
                    }
                }

                _due.AddRange(translation.Parameters.Select(needed => new DueParameter(needed.Name, needed.Meaning)));
                foreach (var note in translation.Notes)
                {
                    report.Add(file.Path, parameter, Outcome.Note, note);
                }

                values[parameter.Name] = translation.Text;
            }
            catch (FormulaException exception)
            {
                report.Add(file.Path, parameter, Outcome.NotImported, $"{Shown.Of(parameter.Name)} did not come over: {exception.Message}.");
            }
        }

        if (values.Count > 0 && values.Parent is null)
        {
            further[setting] = values;
        }
    }

    // The vault sends the same with every token request, renewals included.
    private void NoteRefresh(IReadOnlyList<CredentialParameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            report.Add(file.Path, parameter, Outcome.Note, "Renewals send what token requests send (tokenParameters, tokenHeaders); nothing can be sent with renewals alone.");
        }
    }

    private Uri? WithQuery(Uri? url, JsonObject further, IReadOnlyList<CredentialParameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.Value is not { } value || value.Contains("{!", StringComparison.Ordinal) || url is null)
            {
                report.Add(file.Path, parameter, Outcome.NotImported, "A query parameter of a token request can't be computed; in tokenParameters, which go into its body, one can.");
                continue;
            }

            if (LiteralSecret.Find(parameter.Name, value) is not null)
            {
                Add(further, "tokenParameters", [parameter]);
                report.Add(file.Path, parameter, Outcome.Note, "Since its value looks like a secret, it is sent as one of the tokenParameters, in the body of token requests and not in the URL.");
                continue;
            }

            var separator = url.Query.Length == 0 ? '?' : '&';
            url = new Uri($"{url.OriginalString}{separator}{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(value)}");
        }

        return url;
    }
}
