using System.Text;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Makes the requests to an authorization server.</summary>
internal sealed class OAuth2Requests(OAuth2Settings settings)
{
    private const string ClientAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>The grant's own parameters.</summary>
    public Result<(string Type, IReadOnlyList<SignInValue> Parameters)> GrantOf(TokenAcquisition context, OAuth2Endpoints endpoints)
    {
        switch (settings.Grant)
        {
            case "clientCredentials":
                return ("client_credentials", []);
            case "password":
                var username = context.Parameters.Open("Username");
                var password = context.Parameters.Open("Password");
                return (username.Error ?? password.Error) is { } missing
                    ? missing
                    : ("password", [new SignInValue("username", username.Value!.Reveal(), "Username"), new SignInValue("password", password.Value!.Reveal(), "Password")]);
            case "jwtBearer":
                var assertion = MakeAssertion(context, settings.Assertion, subject: null, endpoints);
                return assertion.IsOk
                    ? ("urn:ietf:params:oauth:grant-type:jwt-bearer", [new SignInValue("assertion", assertion.Value, "PrivateKey")])
                    : assertion.Error;
            case "tokenExchange":
                var subject = context.Parameters.Open("SubjectToken");
                return subject.IsOk
                    ? ("urn:ietf:params:oauth:grant-type:token-exchange",
                        [
                            new SignInValue("subject_token", subject.Value.Reveal(), "SubjectToken"),
                            new SignInValue("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                        ])
                    : subject.Error;
            default:
                throw new InvalidOperationException("This grant is not asked for without a code.");
        }
    }

    /// <summary>A token request.</summary>
    public Result<SignInRequest> MakeToken(TokenAcquisition context, OAuth2Endpoints endpoints, string grantType, IReadOnlyList<SignInValue> parameters)
    {
        var form = new List<SignInValue> { new("grant_type", grantType) };
        form.AddRange(parameters);

        // A code or device code stands for a scope already (RFC 6749 sections 4.1.3 and 6).
        if (grantType is not ("authorization_code" or "urn:ietf:params:oauth:grant-type:device_code" or "refresh_token")
            && Add(form, "scope", settings.Scope, context) is { } badScope)
        {
            return badScope;
        }

        if (AddTargets(form, context) is { } badTarget)
        {
            return badTarget;
        }

        return Make(context, endpoints, endpoints.Token, "The token request", form, isToken: true);
    }

    /// <summary>A request with the client's authentication.</summary>
    public Result<SignInRequest> Make(
        TokenAcquisition context, OAuth2Endpoints endpoints, Uri url, string name, IEnumerable<SignInValue> parameters, bool isToken)
    {
        if (context.JudgeHost(url) is { } reason)
        {
            return SignInExchange.Failed($"{name}: the host {url.Authority} {reason}.");
        }

        var form = parameters.ToList();
        var headers = new List<SignInValue>();
        if (AuthenticateClient(context, endpoints, form, headers) is { } error)
        {
            return error;
        }

        foreach (var parameter in isToken ? settings.TokenParameters : [])
        {
            // A grant may be called something else here; a refresh is a refresh all the same.
            if (parameter.Name == "grant_type" && form.Exists(own => own is { Name: "grant_type", Value: "refresh_token" }))
            {
                continue;
            }

            form.RemoveAll(own => own.Name == parameter.Name);
            if (Add(form, parameter.Name, parameter.Template, context) is { } bad)
            {
                return bad;
            }
        }

        foreach (var header in isToken ? settings.TokenHeaders : [])
        {
            headers.RemoveAll(own => own.Name.Equals(header.Name, StringComparison.OrdinalIgnoreCase));
            if (Add(headers, header.Name, header.Template, MergeEscaping.None, context) is { } bad)
            {
                return bad;
            }

            if (!IsHeaderValue(headers[^1].Value))
            {
                return new VaultError(ErrorCodes.SecretNotAHeaderValue, $"A value for the header {header.Name} has a control character, or white space at its ends.");
            }
        }

        return FormRequest.Make(name, url, form, headers);
    }

    /// <summary>Adds <c>audience</c> and <c>resource</c>.</summary>
    public VaultError? AddTargets(List<SignInValue> form, TokenAcquisition context)
    {
        if (Add(form, "audience", settings.Audience, context) is { } bad)
        {
            return bad;
        }

        foreach (var resource in settings.Resources)
        {
            if (Add(form, "resource", resource, context) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Adds a template's value, if there is a template, escaped for the form or query that it goes into.</summary>
    public static VaultError? Add(List<SignInValue> values, string name, MergeTemplate? template, TokenAcquisition context) =>
        Add(values, name, template, MergeEscaping.Form, context);

    private static VaultError? Add(List<SignInValue> values, string name, MergeTemplate? template, MergeEscaping escaping, TokenAcquisition context)
    {
        if (template is null)
        {
            return null;
        }

        var scope = context.Scope();
        if (template.Check(scope) is { } unknown)
        {
            return unknown;
        }

        var output = template.Resolve(scope, escaping, escapeLiterals: true);
        if (!output.IsOk)
        {
            return output.Error;
        }

        values.Add(new SignInValue(name, output.Value.Text, output.Value.IsSecret || template.References.Any(MaskedScope.Hides) ? name : null)
        {
            IsSecret = output.Value.IsSecret,
            IsEscaped = escaping is not MergeEscaping.None,
        });
        return null;
    }

    // RFC 6749 section 2.3.1, RFC 7523 section 2.2.
    private VaultError? AuthenticateClient(TokenAcquisition context, OAuth2Endpoints endpoints, List<SignInValue> form, List<SignInValue> headers)
    {
        var id = context.Parameters.Open("ClientId");
        if (!id.IsOk)
        {
            return id.Error;
        }

        var clientId = id.Value.Reveal();
        if (settings.ClientAuthentication == "privateKeyJwt")
        {
            var isGrant = settings.Grant == "jwtBearer";
            var template = isGrant && settings.Assertion is { } grant ? grant.OfSameKey() : settings.Assertion;
            var assertion = MakeAssertion(context, template, clientId, endpoints);
            if (!assertion.IsOk)
            {
                return assertion.Error;
            }

            form.Add(new SignInValue("client_id", clientId, "ClientId"));
            form.Add(new SignInValue("client_assertion_type", ClientAssertionType));
            form.Add(new SignInValue("client_assertion", assertion.Value, "PrivateKey"));
            return null;
        }

        // A public client, by its settings or because it has no secret.
        if (settings.ClientAuthentication == "none" || !context.Parameters.Has("ClientSecret"))
        {
            form.Add(new SignInValue("client_id", clientId, "ClientId"));
            return null;
        }

        var opened = context.Parameters.Open("ClientSecret");
        if (!opened.IsOk)
        {
            return opened.Error;
        }

        var secret = opened.Value.Reveal();
        if (settings.ClientAuthentication == "post")
        {
            form.Add(new SignInValue("client_id", clientId, "ClientId"));
            form.Add(new SignInValue("client_secret", secret, "ClientSecret"));
            return null;
        }

        var pair = settings.ClientAuthentication == "basic" ? FormRequest.Encode(clientId) + ":" + FormRequest.Encode(secret) : clientId + ":" + secret;
        headers.Add(new SignInValue("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)), "ClientId:ClientSecret"));
        return null;
    }

    private static Result<string> MakeAssertion(TokenAcquisition context, AssertionTemplate? template, string? subject, OAuth2Endpoints endpoints)
    {
        var id = context.Parameters.Open("ClientId");
        if (!id.IsOk)
        {
            return id.Error;
        }

        var assertion = template ?? AssertionTemplate.Of(JwtAlgorithm.Find("RS256")!);
        var keyName = assertion.Algorithm.Family == "HS" ? "ClientSecret" : "PrivateKey";
        var key = context.Parameters.Open(keyName);
        if (!key.IsOk)
        {
            return key.Error;
        }

        var password = context.Parameters.Has("KeyPassword") ? context.Parameters.Open("KeyPassword").Value?.Reveal() : null;
        var clientId = id.Value.Reveal();
        var made = assertion.Make(
            context.Scope(), key.Value.Reveal(), password, keyName, new AssertionDefaults(clientId, subject, endpoints.Token.OriginalString), context.Time.GetUtcNow());
        return made.IsOk ? made.Value.Text : made.Error;
    }

    private static bool IsHeaderValue(string text) => text.All(c => !char.IsControl(c) || c == '\t') && text.AsSpan().Trim(" \t").Length == text.Length;
}
