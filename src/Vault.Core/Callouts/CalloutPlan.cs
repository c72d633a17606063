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

    private CalloutPlan(NamedCredential named, BoundCredential external)
    {
        Named = named;
        External = external;
        var own = named.CustomHeaders.Select(header => header.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        CustomHeaders = [.. named.CustomHeaders, .. external.Definition.CustomHeaders.Where(header => !own.Contains(header.Name))];
        AdminTemplates =
        [
            .. CustomHeaders.Select(header => header.Value),
            .. named.GenerateAuthorizationHeader ? external.Authentication.AppliedTemplates : [],
        ];
        NeedsBody = AdminTemplates.Any(NamesBody);
        NeedsToken = AdminTemplates.Any(template => template.References.Any(NeedsTokenFor)) || Signing?.NeedsToken is true;
        Origin = new Uri(UrlOrigin.Cut(named.Url.Text));
    }

    public NamedCredential Named { get; }

    public BoundCredential External { get; }

    /// <summary>The named credential's, then those of the external credential that it doesn't set itself.</summary>
    public IReadOnlyList<CustomHeader> CustomHeaders { get; }

    /// <summary>Every template that is resolved for a callout, save the URL.</summary>
    public IReadOnlyList<MergeTemplate> AdminTemplates { get; }

    /// <summary>Whether a header is computed from the body, so that it has to be held whole.</summary>
    public bool NeedsBody { get; }

    /// <summary>Whether a callout may need a token.</summary>
    public bool NeedsToken { get; }

    /// <summary>Computes the authorization over the final request; null where nothing is signed.</summary>
    public IRequestSigning? Signing => Named.GenerateAuthorizationHeader ? External.Authentication.Signing : null;

    /// <summary>How much of a body the signature needs.</summary>
    public BodyNeed NeedOf(string? contentType) => Signing?.NeedOf(contentType) ?? BodyNeed.None;

    private static bool NeedsTokenFor(MergeReference reference) => reference.Kind is MergeReferenceKind.Token
        || (reference.Kind is MergeReferenceKind.Credential && reference.Name.ToUpperInvariant() is "OAUTHTOKEN" or "AUTHORIZATIONHEADERVALUE");

    /// <summary>Scheme, host and port, which never hold merge fields.</summary>
    public Uri Origin { get; }

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

    /// <summary>Whether secrets may go there by the external credential's own rule, and by this vault's; null where they may.</summary>
    public VaultError? JudgeHost(bool allowHttp)
    {
        if (Origin.Scheme != Uri.UriSchemeHttps && !allowHttp)
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{Origin.Authority} would be reached over http, which this vault doesn't allow (Vault:Egress:AllowHttp).");
        }

        return External.Definition.AllowedHosts is { } hosts && hosts.Any(host => host.Matches(Origin))
            ? null
            : new VaultError(ErrorCodes.EgressDenied, $"{Origin.Authority} is not in allowedHosts of the external credential {External.Definition.Name}.");
    }

    /// <summary>The first parameter that has no value though the protocol or an admin's template names it.</summary>
    public VaultError? FindMissing(CredentialSet credentials)
    {
        foreach (var parameter in External.Authentication.RequiredParameters)
        {
            if (!credentials.Has(parameter))
            {
                return Missing(parameter);
            }
        }

        foreach (var parameter in Named.ClientCertificate?.All ?? [])
        {
            if (!credentials.Has(parameter))
            {
                return Missing(parameter);
            }
        }

        foreach (var template in AdminTemplates.Append(Named.Url))
        {
            foreach (var reference in template.References)
            {
                if (reference.Kind is MergeReferenceKind.Credential
                    && !ComputedNames.Contains(reference)
                    && !credentials.Has(reference.Name))
                {
                    return Missing(reference.Name);
                }
            }
        }

        return null;
    }

    public static bool NamesBody(MergeTemplate template) =>
        template.References.Any(reference => reference.Kind is MergeReferenceKind.Credential
            && reference.Name.Equals("Body", StringComparison.OrdinalIgnoreCase));

    private VaultError Missing(string parameter) => new(
        ErrorCodes.CredentialNotConfigured,
        $"The parameter {parameter} of the external credential {External.Definition.Name} has no value. An admin sets it with "
        + "PUT /api/v1/external-credentials/{name}/principals/{principal}/credential.");
}
