using Microsoft.OpenApi;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.OpenApi;

/// <summary>Turns an OpenAPI document into definitions of a vault.</summary>
internal static class OpenApiImport
{
    private const int Most = 200;

    /// <summary>Imports a document.</summary>
    /// <param name="root">The document.</param>
    /// <param name="options">What the import may do.</param>
    /// <param name="url">Where relative URLs begin; null: nowhere.</param>
    /// <param name="name">What to call the credentials; null: by the title.</param>
    /// <exception cref="CommandFailure">It is no OpenAPI document.</exception>
    public static ImportResult Run(MappingNode root, ImportOptions options, string? url, string? name)
    {
        // 1. What matters of it. 2. Where its servers are. 3. What operations ask for, as external credentials. 4. Each server with each of them.
        var report = new ImportReport("OpenAPI", "document");
        var outline = ApiOutline.Read(root, report);
        var document = OpenApiDocument.Parse(outline.Json.ToJsonString(), "json").Document
            ?? throw CommandFailure.Usage($"{outline.At}: Is no OpenAPI document that can be read.");
        var usage = ApiUsage.Of(document, outline.Schemes.Keys);
        var begin = BeginOf(url, document, usage);
        var wished = name ?? (document.Info?.Title is { Length: > 0 } title ? title : "Api");
        var externals = new Dictionary<string, ExternalDraft>(StringComparer.OrdinalIgnoreCase);
        var schemes = new SchemeConversion(outline, options, begin, report);
        var byRequirement = Externals(document, outline, usage, schemes, wished, externals, report);
        var named = Named(outline, usage, begin, options, wished, byRequirement, externals, report);
        ReportRest(outline, usage, externals, report);
        foreach (var (scheme, read) in document.Components?.SecuritySchemes ?? new Dictionary<string, IOpenApiSecurityScheme>())
        {
            schemes.TellRest(scheme, read);
        }

        return ImportResult.Of(externals.Where(one => one.Value.IsUsed).ToDictionary(StringComparer.OrdinalIgnoreCase), named, options, report);
    }

    private static Uri? BeginOf(string? url, OpenApiDocument document, ApiUsage usage)
    {
        if (url is not null)
        {
            return Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out var given) && given.Scheme is "https" or "http"
                ? given : throw CommandFailure.Usage("--url is no absolute URL; it looks like https://api.example.");
        }

        var servers = (document.Servers ?? []).Concat(usage.Pairs.Select(pair => pair.Server));
        return servers.Select(server => Uri.TryCreate(ServerUrl.Of(server, null), UriKind.Absolute, out var own) && own.Scheme is "https" or "http" ? own : null).FirstOrDefault(own => own is not null);
    }

    private static Dictionary<string, ExternalDraft> Externals(
        OpenApiDocument document, ApiOutline outline, ApiUsage usage, SchemeConversion schemes, string wished, Dictionary<string, ExternalDraft> externals, ImportReport report)
    {
        var conversion = new RequirementConversion(document, outline, schemes, report);
        var names = new FreeNames();
        var made = new Dictionary<string, ExternalDraft>(StringComparer.Ordinal);
        foreach (var requirement in usage.Requirements.Take(Most))
        {
            var own = usage.Requirements.Count == 1 ? wished : $"{wished} {string.Join(' ', requirement.Schemes)}";
            if (conversion.Convert(requirement, names.Give(own), document.Info?.Title ?? "") is { } draft)
            {
                externals.Add(draft.Name, draft);
                made.Add(requirement.Key, draft);
            }
        }

        if (usage.Pairs.Any(pair => pair.Requirement is null))
        {
            var open = new ExternalDraft
            {
                Name = names.Give(wished + " open"),
                SourceName = "",
                Protocol = ProtocolDraft.Of("none"),
                Principals = [new PrincipalDraft("default", "default", false, 1)],
            };
            externals.Add(open.Name, open);
            made.Add("", open);
        }

        return made;
    }

    private static List<NamedCredentialDefinition> Named(
        ApiOutline outline, ApiUsage usage, Uri? begin, ImportOptions options, string wished, Dictionary<string, ExternalDraft> byRequirement,
        Dictionary<string, ExternalDraft> externals, ImportReport report)
    {
        var named = new List<NamedCredentialDefinition>();
        var names = new FreeNames();
        var used = new Dictionary<(string Url, string External), string>();
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var texts = usage.Pairs.Select(pair => ServerUrl.Of(pair.Server, begin)).ToHashSet(StringComparer.Ordinal);
        foreach (var (server, requirement) in usage.Pairs)
        {
            if (!byRequirement.TryGetValue(requirement?.Key ?? "", out var external))
            {
                continue;
            }

            var text = ServerUrl.Of(server, begin);
            var at = outline.PlaceOfServer(server.Url ?? "");
            if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && texts.Contains("https" + text[4..]))
            {
                report.Add(at, Outcome.Note, "servers", "The same server is there with https, which was taken.");
                continue;
            }

            if (CredentialUrl.Read(text, options.AllowHttp, external.Name, wished, out var problem) is not { } url)
            {
                report.Add(at, Outcome.NotImported, "servers", !text.Contains("://", StringComparison.Ordinal) ? "Its URL is relative; --url says where it begins." : problem ?? "");
                foreach (var secret in UrlSecrets.In(text))
                {
                    report.Add(at, Outcome.SecretInFile, "servers", secret.Sentence);
                }

                continue;
            }

            if (url.PathWarning is { } warning)
            {
                report.Add(at, Outcome.Note, "servers", warning);
            }

            if (!used.TryAdd((url.Text, external.Name), ""))
            {
                continue;
            }

            if (named.Count == Most)
            {
                report.Add(at, Outcome.NotImported, "servers", $"There are more than {Most} servers and ways to sign in; this one and those behind it did not come over.");
                break;
            }

            foreach (var (query, parameter) in url.Secrets)
            {
                external.Needs(parameter, $"the query parameter {Shown.Of(query)} of the URL");
                report.Add(at, Outcome.SecretInFile, "servers", $"What looks like a secret stands in the query parameter {Shown.Of(query)}; it wasn't copied, a parameter takes its place.");
            }

            var label = labels.Count == 0 ? "" : " " + ServerUrl.LabelOf(server, url.Origin);
            label = labels.TryGetValue(url.Text, out var known) ? known : label;
            labels.TryAdd(url.Text, label);
            foreach (var (name, variable) in server.Variables ?? new Dictionary<string, OpenApiServerVariable>())
            {
                report.Add(at, Outcome.Note, "servers", $"Its variable {Shown.Of(name)} is {Shown.Of(variable.Default ?? "")} here; change the url where yours is another.");
            }

            external.UseAt(url.Origin);
            named.Add(new NamedCredentialDefinition
            {
                Name = names.Give(usage.Requirements.Count <= 1 ? wished + label : $"{wished}{label} {string.Join(' ', requirement?.Schemes ?? ["open"])}", mayBeComputed: true),
                Label = Texts.Label(server.Description is { Length: > 0 } description ? description : null),
                Url = url.Text,
                ExternalCredential = external.Name,
            });
        }

        return named;
    }

    private static void ReportRest(ApiOutline outline, ApiUsage usage, Dictionary<string, ExternalDraft> externals, ImportReport report)
    {
        var asked = usage.Requirements.SelectMany(requirement => requirement.Schemes).ToHashSet(StringComparer.Ordinal);
        foreach (var (scheme, at) in outline.Schemes.Where(scheme => !asked.Contains(scheme.Key)))
        {
            report.Add(at, Outcome.NotImported, scheme, "No operation asks for it.");
        }

        if (externals.Values.Count(external => external.IsUsed && external.SourceName.Length > 0) > 1)
        {
            report.Do("There are several ways to sign in. Where the service takes any of them, keep the one that you use, and delete the others.");
        }

        if (externals.Values.Any(external => external.IsUsed && external.Protocol.Settings["protocol"]?.ToString() == "oauth2"))
        {
            report.Do("The document doesn't say how the client authenticates to the token endpoint: by HTTP Basic, unless you write clientAuthentication: post (or another) into authentication.");
        }
    }
}
