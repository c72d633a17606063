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
            return null;
        }

        // PKCE is always used here; who somebody is, isn't asked for.
        parameters.TakeAll("IdentityProviderOptions");
        parameters.TakeAll("UserInfoUrl");
        var authorizationUrl = Url(parameters.Take("AuthorizeUrl"));
        var tokenUrl = Url(parameters.Take("TokenUrl"));
        var further = new JsonObject();
        Add(further, "authorizationParameters", parameters.TakeAll("AuthorizeRequestQueryParameter"));
        Add(further, "tokenParameters", [.. parameters.TakeAll("TokenRequestBodyParameter"), .. parameters.TakeAll("RequestBodyParameter")]);
        Add(further, "tokenHeaders", [.. parameters.TakeAll("TokenRequestHttpHeader"), .. parameters.TakeAll("HttpHeader")]);
        NoteRefresh([.. parameters.TakeAll("RefreshRequestBodyParameter"), .. parameters.TakeAll("RefreshRequestHttpHeader"), .. parameters.TakeAll("RefreshRequestQueryParameter")]);
        tokenUrl = WithQuery(tokenUrl, [.. parameters.TakeAll("TokenRequestQueryParameter"), .. parameters.TakeAll("UrlQueryParameter")]);
        var authentication = parameters.Take("ClientAuthentication")?.Value switch
        {
            "ClientSecretPost" => "post",
            "PrivateKeyJwt" => "privateKeyJwt",
            _ => "basic",
        };
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

    private Uri? Url(CredentialParameter? parameter)
    {
        if (parameter?.Value is null)
        {
            return null;
        }

        if (CredentialUrl.Read(parameter.Value, allowHttp, credential: null, owner: null, out var problem) is { } url)
        {
            return new Uri(url.Text);
        }

        report.Add(file.Path, parameter, Outcome.NotImported, problem ?? "");
        return null;
    }

    private void Add(JsonObject further, string setting, IReadOnlyList<CredentialParameter> parameters)
    {
        var values = new JsonObject();
        foreach (var parameter in parameters.Where(parameter => parameter.Value is not null))
        {
            try
            {
                var translation = TemplateTranslator.Translate(parameter.Value ?? "", scope, parameter.Name);
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

        if (values.Count > 0)
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

    private Uri? WithQuery(Uri? url, IReadOnlyList<CredentialParameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.Value is not { } value || value.Contains("{!", StringComparison.Ordinal) || url is null)
            {
                report.Add(file.Path, parameter, Outcome.NotImported, "A query parameter of a token request can't be computed; in tokenParameters, which go into its body, one can.");
                continue;
            }

            var separator = url.Query.Length == 0 ? '?' : '&';
            url = new Uri($"{url.OriginalString}{separator}{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(value)}");
        }

        return url;
    }
}
