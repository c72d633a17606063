using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Signing;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>What can be said about the callouts of a named credential before any of them comes: made once per definition.</summary>
internal sealed class CalloutPlan
{
    private static readonly ConditionalWeakTable<NamedCredential, CalloutPlan> Plans = [];
    private readonly bool _isOriginAllowed;

    // The parameters that have to be there, in the order in which they are missed.
    private readonly string[] _needed;
    private Last? _last;

    private CalloutPlan(NamedCredential named, BoundCredential external)
    {
        Named = named;
        External = external;
        var own = named.CustomHeaders.Select(header => header.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        CustomHeaders = [.. named.CustomHeaders, .. external.Definition.CustomHeaders.Where(header => !own.Contains(header.Name))];
        CustomHeaderNames = CustomHeaders.Select(header => header.Name).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        AdminTemplates =
        [
            .. CustomHeaders.Select(header => header.Value),
            .. named.GenerateAuthorizationHeader ? external.Authentication.AppliedTemplates : [],
        ];
        NeedsBody = AdminTemplates.Any(NamesBody);
        ContentType = CustomHeaders.FirstOrDefault(header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))?.Value;
        NeedsToken = AdminTemplates.Any(template => template.References.Any(NeedsTokenFor)) || Signing?.NeedsToken is true;
        Origin = new Uri(UrlOrigin.Cut(named.Url.Text));
        OriginHost = Origin.Authority;
        HasFixedHeader = named is { RedactResponses: true, GenerateAuthorizationHeader: true }
            && external.Authentication is { IsFixed: true, Tokens: null, Signing: null, AppliedTemplates.Count: 0 };
        IsPlain = HasFixedHeader && named is { AllowMergeFieldsInHeader: false, AllowMergeFieldsInBody: false, Url.HasFields: false } && AdminTemplates.Length == 0;
        _isOriginAllowed = external.Definition.AllowedHosts is { } hosts && hosts.Any(host => host.Matches(Origin));
        _needed =
        [
            .. external.RequiredParameters
                .Concat(named.ClientCertificate?.All ?? [])
                .Concat(external.ParametersOf(AdminTemplates.Append(named.Url).SelectMany(template => template.References)))
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
    }

    private sealed record Last(string Path, Uri Target);

    public NamedCredential Named { get; }

    public BoundCredential External { get; }

    /// <summary>The named credential's, then those of the external credential that it doesn't set itself.</summary>
    public CustomHeader[] CustomHeaders { get; }

    /// <summary>Their names.</summary>
    public FrozenSet<string> CustomHeaderNames { get; }

    /// <summary>Every template that is resolved for a callout, save the URL.</summary>
    public MergeTemplate[] AdminTemplates { get; }

    /// <summary>The <c>Content-Type</c> that is sent in place of the caller's; null: none.</summary>
    public MergeTemplate? ContentType { get; }

    /// <summary>Whether an admin's header is computed from the body.</summary>
    public bool NeedsBody { get; }

    /// <summary>Whether a callout may need a token.</summary>
    public bool NeedsToken { get; }

    /// <summary>Whether the token is made of the body, for each request anew.</summary>
    public bool HasTokenOfBody => External.Authentication.RequestToken is { NamesBody: true };

    /// <summary>Computes the authorization over the final request; null where nothing is signed.</summary>
    public IRequestSigning? Signing => Named.GenerateAuthorizationHeader ? External.Authentication.Signing : null;

    /// <summary>Whether a text in an answer's body says that the token is dead.</summary>
    public bool ReadsAnswers => External.Authentication.Tokens is { } protocol && protocol.RefreshOn.Any(sign => sign.BodyContains is not null);

    /// <summary>
    /// Whether the authorization is the same each time until a parameter changes: no token or signature. Only where answers are redacted: what they are searched for
    /// is kept, and the authorization with it.
    /// </summary>
    public bool HasFixedHeader { get; }

    /// <summary>Whether nothing else is made for a callout either: no field, and no header of an admin's.</summary>
    public bool IsPlain { get; }

    /// <summary>How much of a body the signature needs.</summary>
    public BodyNeed NeedOf(string? contentType) =>
        Signing is { } signing && !(signing.BodyHeader is { } header && CustomHeaderNames.Contains(header)) ? signing.NeedOf(contentType) : BodyNeed.None;

    private static bool NeedsTokenFor(MergeReference reference) => reference.Kind is MergeReferenceKind.Token
        || (reference.Kind is MergeReferenceKind.Credential && reference.Name.ToUpperInvariant() is "OAUTHTOKEN" or "AUTHORIZATIONHEADERVALUE");

    /// <summary>Scheme, host and port, which never hold merge fields.</summary>
    public Uri Origin { get; }

    /// <summary>Its host, with its port where it isn't the scheme's.</summary>
    public string OriginHost { get; }

    public static CalloutPlan For(NamedCredential named, BoundCredential external)
    {
        if (Plans.TryGetValue(named, out var plan) && ReferenceEquals(plan.External, external))
        {
            return plan;
        }

        plan = new CalloutPlan(named, external);
        Plans.AddOrUpdate(named, plan);
        return plan;
    }

    /// <summary>Where a request of this path and query goes. Apps call one path again and again: the last is kept, but no query, which may say too much.</summary>
    public Uri Target(string url, string path, string? query)
    {
        if (query is not null || Named.Url.HasFields)
        {
            return UpstreamUrl.Join(url, path, query, []);
        }

        var last = _last;
        if (last is null || last.Path != path)
        {
            _last = last = new Last(path, UpstreamUrl.Join(url, path, null, []));
        }

        return last.Target;
    }

    /// <summary>Whether secrets may go there by the external credential's own rule, and by this vault's; null where they may.</summary>
    public VaultError? JudgeHost(bool allowHttp)
    {
        if (Origin.Scheme != Uri.UriSchemeHttps && !allowHttp)
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{Origin.Authority} would be reached over http, which this vault doesn't allow (Vault:Egress:AllowHttp).");
        }

        return _isOriginAllowed
            ? null
            : new VaultError(ErrorCodes.EgressDenied, $"{Origin.Authority} is not in allowedHosts of the external credential {External.Definition.Name}.");
    }

    /// <summary>The first parameter that has no value though the protocol or an admin's template names it.</summary>
    public VaultError? FindMissing(CredentialSet credentials)
    {
        foreach (var parameter in _needed)
        {
            if (!credentials.Has(parameter))
            {
                return Missing(parameter, credentials.IsPerUser);
            }
        }

        return null;
    }

    /// <summary>Whether what the template makes is made of the body: itself, or the token that it names.</summary>
    public bool NamesBody(MergeTemplate template) => template.References.Any(reference =>
        (reference.Kind is MergeReferenceKind.Credential && reference.Name.Equals("Body", StringComparison.OrdinalIgnoreCase))
        || (HasTokenOfBody && NeedsTokenFor(reference)));

    private VaultError Missing(string parameter, bool isPerUser)
    {
        // What proves who a user is helps nobody where all share it; what is the client's, where a person consents, is shared.
        const string Principal = "PUT /api/v1/external-credentials/{name}/principals/{principal}/";
        var route = !isPerUser ? Principal + "credential"
            : External.Authentication.Consent is null && External.IsProof([parameter]) ? Principal + "users/{user}/credential"
            : Principal + "credential for all users, or with …/users/{user}/credential for this one";
        return new VaultError(
            ErrorCodes.CredentialNotConfigured, $"The parameter {parameter} of the external credential {External.Definition.Name} has no value. An admin sets it with {route}.");
    }
}
