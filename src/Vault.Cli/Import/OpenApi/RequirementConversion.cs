using Microsoft.OpenApi;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.OpenApi;

/// <summary>What operations ask for, as an external credential: one scheme is its protocol, those that are asked for together with it are its headers.</summary>
/// <param name="document">The document.</param>
/// <param name="outline">Where schemes stand.</param>
/// <param name="schemes">Converts one.</param>
/// <param name="report">Where it is said what doesn't come over.</param>
internal sealed class RequirementConversion(OpenApiDocument document, ApiOutline outline, SchemeConversion schemes, ImportReport report)
{
    /// <summary>Converts; null where it can't come over, which is reported.</summary>
    /// <param name="requirement">What is asked for.</param>
    /// <param name="name">Of the external credential.</param>
    /// <param name="title">Of the document.</param>
    public ExternalDraft? Convert(ApiRequirement requirement, string name, string title)
    {
        // 1. The one that can't be written as a header is the protocol.
        var known = requirement.Schemes.Select(one => (Name: one, Scheme: document.Components!.SecuritySchemes![one])).ToArray();
        var others = known.Where(one => !IsHeader(one.Scheme)).ToArray();
        var first = others.Length > 0 ? others[0] : known[0];
        var together = string.Join(" and ", known.Select(one => Shown.Of(one.Name)));
        if (others.Length > 1)
        {
            return Refuse(first.Name, $"{together} are asked for together, and an external credential has one protocol.");
        }

        // 2. The rest.
        var headers = new List<CustomHeaderDefinition>();
        var further = new List<DueParameter>();
        var names = new FreeNames();
        foreach (var taken in new[] { "Username", "Password", "Token", "ApiKey", "ClientId", "ClientSecret" })
        {
            names.Give(taken);
        }

        foreach (var (other, scheme) in known.Where(one => one.Name != first.Name))
        {
            var parameter = names.Give(other);
            var header = scheme.Type is SecuritySchemeType.ApiKey ? scheme.Name ?? "" : "Authorization";
            if (!HeaderNames.IsFit(header) || headers.Exists(one => one.Name.Equals(header, StringComparison.OrdinalIgnoreCase))
                || (header.Equals("Authorization", StringComparison.OrdinalIgnoreCase) && first.Scheme.Type is SecuritySchemeType.Http or SecuritySchemeType.OAuth2))
            {
                return Refuse(other, $"{together} are asked for together, and both set the header {Shown.Of(header)}.");
            }

            var isBasic = "basic".Equals(scheme.Scheme, StringComparison.OrdinalIgnoreCase);
            headers.Add(new CustomHeaderDefinition
            {
                Name = header,
                Value = scheme.Type is SecuritySchemeType.ApiKey ? $"{{!$Credential.{parameter}}}"
                    : isBasic ? $"Basic {{!BASE64ENCODE($Credential.{parameter})}}" : $"Bearer {{!$Credential.{parameter}}}",
                Sequence = headers.Count + 1,
            });
            further.Add(new DueParameter(parameter, isBasic ? $"user name, colon and password ({Shown.Of(other)})" : $"the key of {Shown.Of(other)} (header {header})"));
        }

        if (schemes.Convert(first.Name, first.Scheme, requirement.Scopes) is not { } protocol)
        {
            return null;
        }

        var draft = new ExternalDraft
        {
            Name = name,
            SourceName = first.Name,
            Label = Texts.Label(title.Length == 0 ? null : title),
            Protocol = protocol,
            Principals = [new PrincipalDraft("default", "default", false, 1)],
            Headers = headers,
        };
        foreach (var due in further)
        {
            draft.Needs(due.Name, due.Meaning);
        }

        return draft;
    }

    private static bool IsHeader(IOpenApiSecurityScheme scheme) => scheme.Type is SecuritySchemeType.ApiKey
        ? scheme.In is ParameterLocation.Header
        : scheme.Type is SecuritySchemeType.Http && scheme.Scheme?.ToUpperInvariant() is "BASIC" or "BEARER";

    private ExternalDraft? Refuse(string scheme, string sentence)
    {
        report.Add(outline.Schemes[scheme], Outcome.NotImported, scheme, sentence);
        return null;
    }
}
