using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>The settings of <c>oauth2</c>.</summary>
internal sealed record OAuth2Settings
{
    /// <summary>As in <c>grant</c>.</summary>
    public required string Grant { get; init; }

    /// <summary>As in <c>clientAuthentication</c>.</summary>
    public required string ClientAuthentication { get; init; }

    /// <summary>Whether the grant does without a client secret: the assertion says who asks (RFC 7523 section 2.1), and nothing else was wanted.</summary>
    public bool MayLackSecret { get; init; }

    /// <summary>The issuer whose metadata is read; null: the URLs are given.</summary>
    public Uri? Issuer { get; init; }

    /// <summary>The token endpoint; null: the issuer's.</summary>
    public Uri? TokenUrl { get; init; }

    /// <summary>The authorization endpoint; null: the issuer's.</summary>
    public Uri? AuthorizationUrl { get; init; }

    /// <summary>The device authorization endpoint (RFC 8628); null: the issuer's.</summary>
    public Uri? DeviceAuthorizationUrl { get; init; }

    /// <summary>The revocation endpoint (RFC 7009); null: the issuer's, if it has one.</summary>
    public Uri? RevocationUrl { get; init; }

    /// <summary>The scope, or null.</summary>
    public MergeTemplate? Scope { get; init; }

    /// <summary>The audience, or null.</summary>
    public MergeTemplate? Audience { get; init; }

    /// <summary>The resources (RFC 8707).</summary>
    public required IReadOnlyList<MergeTemplate> Resources { get; init; }

    /// <summary>Further parameters of token requests; they replace the grant's own of those names.</summary>
    public required IReadOnlyList<NamedTemplate> TokenParameters { get; init; }

    /// <summary>Further headers of token requests.</summary>
    public required IReadOnlyList<NamedTemplate> TokenHeaders { get; init; }

    /// <summary>Further parameters of authorization requests.</summary>
    public required IReadOnlyList<NamedTemplate> AuthorizationParameters { get; init; }

    /// <summary>The assertion of <c>jwtBearer</c> and <c>privateKeyJwt</c>; null: made of defaults.</summary>
    public AssertionTemplate? Assertion { get; init; }

    /// <summary>As in <c>refreshOn</c>.</summary>
    public required IReadOnlyList<DeadTokenSign> RefreshOn { get; init; }

    /// <summary>Whether a person has to consent.</summary>
    public bool IsConsent => Grant is "authorizationCode" or "deviceCode";

    /// <summary>Every template.</summary>
    public IEnumerable<MergeTemplate> Templates =>
    [
        .. new[] { Scope, Audience }.OfType<MergeTemplate>(), .. Resources,
        .. TokenParameters.Concat(TokenHeaders).Concat(AuthorizationParameters).Select(named => named.Template),
        .. Assertion?.Templates ?? [],
    ];
}
