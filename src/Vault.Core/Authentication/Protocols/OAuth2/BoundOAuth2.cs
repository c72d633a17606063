using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Puts <c>Authorization: Bearer …</c> on a request, with an access token.</summary>
internal sealed class BoundOAuth2 : BoundProtocol
{
    private static readonly MergeReference Token = new(MergeReferenceKind.Token, null, OAuth2Tokens.AccessToken, false);

    public BoundOAuth2(OAuth2Settings settings)
    {
        var oauth = new OAuth2Tokens(settings);
        Tokens = oauth;
        Consent = settings.IsConsent ? new OAuth2Consent(settings, oauth) : null;
        References = [.. settings.Templates.SelectMany(template => template.References)];
        NamesUser = settings.Assertion?.Templates.SelectMany(template => template.References).Any(reference => reference.Kind is MergeReferenceKind.User) is true;
        UsesNamedCredentialUrl = References.Any(IsEndpoint);
        RequiredParameters = [.. Needed(settings).Distinct()];
        ConsentUrl = settings.Grant == "authorizationCode" ? settings.AuthorizationUrl : null;
        TokenUrls =
        [
            .. new[] { settings.Issuer, settings.TokenUrl, settings.Grant == "deviceCode" ? settings.DeviceAuthorizationUrl : null, settings.RevocationUrl }.OfType<Uri>(),
        ];
    }

    /// <summary>What the protocol knows.</summary>
    public static IReadOnlyList<string> Parameters { get; } =
        ["ClientId", "ClientSecret", "PrivateKey", "KeyPassword", "Username", "Password", "SubjectToken", "RefreshToken"];

    public override IReadOnlyList<string> ProtocolParameters => Parameters;

    public override IReadOnlyList<string> KeyOnlyParameters { get; } = ["PrivateKey", "KeyPassword", "ClientSecret", "RefreshToken"];

    public override IReadOnlyList<string> RequiredParameters { get; }

    public override IReadOnlyList<MergeReference> References { get; }

    public override IReadOnlyList<Uri> TokenUrls { get; }

    public override bool UsesNamedCredentialUrl { get; }

    public override Uri? ConsentUrl { get; }

    public override bool NamesUser { get; }

    public override ITokenProtocol Tokens { get; }

    public override IConsentProtocol? Consent { get; }

    public override string AuthorizationMethod => "Bearer";

    public override MergeReference? OAuthToken => Token;

    public override MergeReference? OAuthConsumerKey { get; } = Parameter("ClientId");

    public override ComposedValue AuthorizationHeaderValue { get; } = ComposedValue.Of(Token);

    public override IReadOnlyList<MergeTemplate> AppliedTemplates { get; } = [BearerTemplate.Instance];

    public override Result<RequestInjection> Apply(IMergeScope scope) => BearerTemplate.Apply(scope);

    // A grant can't be asked for without these.
    private static IEnumerable<string> Needed(OAuth2Settings settings)
    {
        yield return "ClientId";
        if (settings.ClientAuthentication is "basic" or "basicRaw" or "post" && !settings.IsConsent && !settings.MayLackSecret)
        {
            yield return "ClientSecret";
        }

        if (settings.ClientAuthentication == "privateKeyJwt" || settings.Grant == "jwtBearer")
        {
            yield return settings.Assertion?.Algorithm.Family == "HS" ? "ClientSecret" : "PrivateKey";
        }

        if (settings.Grant == "password")
        {
            yield return "Username";
            yield return "Password";
        }

        if (settings.Grant == "tokenExchange")
        {
            yield return "SubjectToken";
        }
    }
}
