using System.Text.Json.Nodes;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.OpenApi;

/// <summary>
/// What an import needs of an OpenAPI document: servers, security schemes, and which operations ask for which. The rest, and whatever leads out of the
/// document, is left out before a library sees it.
/// </summary>
internal sealed class ApiOutline
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];
    private static readonly string[] OfScheme = ["type", "name", "in", "scheme", "flow", "authorizationUrl", "tokenUrl", "openIdConnectUrl"];
    private static readonly string[] OfFlow = ["authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl"];
    private static readonly string[] Flows = ["implicit", "password", "clientCredentials", "authorizationCode", "deviceAuthorization"];

    private readonly ImportReport _report;
    private readonly Dictionary<string, Place> _servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Place> _schemes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    private Place _host;

    private ApiOutline(ImportReport report, Place at) => (_report, At, _host) = (report, at, at);

    /// <summary>The document without all else.</summary>
    public JsonObject Json { get; } = [];

    /// <summary>Where the document begins.</summary>
    public Place At { get; }

    /// <summary>Security schemes by name, and where each stands.</summary>
    public IReadOnlyDictionary<string, Place> Schemes => _schemes;

    /// <summary>Where the URL of a server stands.</summary>
    public Place PlaceOfServer(string url) => _servers.GetValueOrDefault(url, _host);

    /// <summary>Reads it.</summary>
    /// <exception cref="CommandFailure">It is no OpenAPI document of a version that is known.</exception>
    public static ApiOutline Read(MappingNode root, ImportReport report)
    {
        var outline = new ApiOutline(report, root.At);
        var (old, version) = (TextOf(root, "swagger"), TextOf(root, "openapi"));
        if (old is null && version is null)
        {
            throw CommandFailure.Usage($"{root.At}: Is no OpenAPI document: it has neither openapi nor swagger, which say its version.");
        }

        if (old is not null ? old is not ("2.0" or "2") : version is not ['3', '.', ..])
        {
            throw CommandFailure.Usage($"{(root.Find("swagger") ?? root.Find("openapi"))?.At}: The version {Shown.Of(old ?? version ?? "")} of OpenAPI isn't known here; there are 2.0, 3.0 and 3.1.");
        }

        outline.Json[old is null ? "openapi" : "swagger"] = old is null ? version : "2.0";
        outline.Json["info"] = new JsonObject { ["title"] = root.Find("info") is MappingNode info ? TextOf(info, "title") ?? "" : "", ["version"] = "1" };
        outline.AddSchemes(root, isOld: old is not null);
        outline.AddServers(root, outline.Json, isOld: old is not null);
        outline.AddSecurity(root, outline.Json);
        outline.AddPaths(root);
        return outline;
    }

    private void AddSchemes(MappingNode root, bool isOld)
    {
        var schemes = new JsonObject();
        var found = isOld ? root.Find("securityDefinitions") : (root.Find("components") as MappingNode)?.Find("securitySchemes");
        foreach (var entry in Entries(found, "securitySchemes"))
        {
            if (Resolve(entry, found as MappingNode) is { } scheme)
            {
                _schemes.Add(entry.Name, entry.At);
                schemes[entry.Name] = SchemeOf(entry, scheme);
            }
        }

        if (isOld)
        {
            Json["securityDefinitions"] = schemes;
        }
        else
        {
            Json["components"] = new JsonObject { ["securitySchemes"] = schemes };
        }
    }

    private MappingNode? Resolve(DocumentEntry entry, MappingNode? siblings)
    {
        var value = entry.Value;
        for (var number = 0; number < 10 && value is MappingNode { } one && TextOf(one, "$ref") is { } target; number++)
        {
            if (!target.StartsWith('#'))
            {
                _report.Add(one.At, Outcome.NotImported, entry.Name, "It stands in another document, which isn't read. Put it into this one.");
                return null;
            }

            value = siblings?.Find(target.Split('/')[^1]);
        }

        if (value is MappingNode scheme && scheme.Find("$ref") is null)
        {
            return scheme;
        }

        _report.Add(entry.At, Outcome.NotImported, entry.Name, "It is no security scheme.");
        return null;
    }

    private JsonObject SchemeOf(DocumentEntry entry, MappingNode scheme)
    {
        var made = Texts(scheme, OfScheme);
        if (TextOf(scheme, "x-amazon-apigateway-authtype") is { } type && type.Equals("awsSigv4", StringComparison.OrdinalIgnoreCase))
        {
            _report.Add(entry.At, Outcome.Note, entry.Name, "It is AWS's signature: make it awsSigV4 with its region and the service execute-api (docs/protocols.md).");
        }

        if (scheme.Find("scopes") is MappingNode scopes)
        {
            made["scopes"] = new JsonObject(scopes.Entries.Select(scope => KeyValuePair.Create(scope.Name, (JsonNode?)"")));
        }

        if (scheme.Find("flows") is MappingNode flows)
        {
            var kept = new JsonObject();
            foreach (var flow in flows.Entries.Where(flow => Flows.Contains(flow.Name)))
            {
                if (flow.Value is MappingNode settings)
                {
                    kept[flow.Name] = Texts(settings, OfFlow);
                    kept[flow.Name]!["scopes"] = new JsonObject();
                }
            }

            made["flows"] = kept;
        }

        return made;
    }

    private void AddServers(MappingNode owner, JsonObject made, bool isOld)
    {
        if (isOld)
        {
            _host = owner.Find("host")?.At ?? _host;
            foreach (var name in new[] { "host", "basePath" })
            {
                if (TextOf(owner, name) is { } text)
                {
                    made[name] = text;
                }
            }

            made["schemes"] = new JsonArray([.. Items(owner.Find("schemes")).OfType<ScalarNode>().Where(scheme => scheme.Text is "http" or "https").Select(scheme => (JsonNode)scheme.Text)]);
            return;
        }

        if (owner.Find("servers") is not { } servers)
        {
            return;
        }

        var kept = new JsonArray();
        foreach (var server in Items(servers).OfType<MappingNode>())
        {
            if (TextOf(server, "url") is { } url)
            {
                _servers.TryAdd(url, server.Find("url")!.At);
                var variables = Entries(server.Find("variables"), "variables").Where(variable => variable.Value is MappingNode)
                    .Select(variable => KeyValuePair.Create(variable.Name, (JsonNode?)Texts((MappingNode)variable.Value, ["default"])));
                kept.Add(new JsonObject { ["url"] = url, ["description"] = TextOf(server, "description"), ["variables"] = new JsonObject(variables) });
            }
        }

        made["servers"] = kept;
    }

    private void AddSecurity(MappingNode owner, JsonObject made)
    {
        if (owner.Find("security") is not SequenceNode security)
        {
            return;
        }

        var kept = new JsonArray();
        foreach (var requirement in security.Items.OfType<MappingNode>())
        {
            var unknown = requirement.Entries.FirstOrDefault(entry => !_schemes.ContainsKey(entry.Name));
            if (unknown is null)
            {
                kept.Add(new JsonObject(requirement.Entries.Select(entry =>
                    KeyValuePair.Create(entry.Name, (JsonNode?)new JsonArray([.. Items(entry.Value).OfType<ScalarNode>().Select(scope => (JsonNode)scope.Text)])))));
            }
            else if (_unknown.Add(unknown.Name))
            {
                _report.Add(unknown.At, Outcome.NotImported, unknown.Name, "There is no security scheme of this name that came over.");
            }
        }

        made["security"] = kept;
    }

    private void AddPaths(MappingNode root)
    {
        var paths = new JsonObject();
        foreach (var path in Entries(root.Find("paths"), "paths").Where(path => path.Name.StartsWith('/')))
        {
            if (path.Value is not MappingNode item)
            {
                continue;
            }

            if (TextOf(item, "$ref") is { } target)
            {
                _report.Add(item.At, Outcome.Note, path.Name, target.StartsWith('#') ? "It refers to another place; that isn't read." : "It stands in another document, which isn't read.");
            }

            var made = new JsonObject();
            AddServers(item, made, isOld: Json["swagger"] is not null);
            foreach (var method in item.Entries.Where(entry => Methods.Contains(entry.Name)))
            {
                if (method.Value is MappingNode operation)
                {
                    var kept = new JsonObject { ["responses"] = new JsonObject() };
                    AddServers(operation, kept, isOld: Json["swagger"] is not null);
                    AddSecurity(operation, kept);
                    made[method.Name] = kept;
                }
            }

            paths[path.Name] = made;
        }

        Json["paths"] = paths;
    }

    private static string? TextOf(MappingNode node, string name) => node.Find(name) is ScalarNode { IsNull: false } scalar ? scalar.Text : null;

    private static JsonObject Texts(MappingNode node, string[] names) =>
        new(names.Where(name => TextOf(node, name) is not null).Select(name => KeyValuePair.Create(name, (JsonNode?)TextOf(node, name))));

    private static IReadOnlyList<DocumentNode> Items(DocumentNode? node) => (node as SequenceNode)?.Items ?? [];

    private IReadOnlyList<DocumentEntry> Entries(DocumentNode? node, string name)
    {
        if (node is MappingNode mapping)
        {
            return mapping.Entries;
        }

        if (node is not null and not ScalarNode { IsNull: true })
        {
            _report.Add(node.At, Outcome.NotImported, name, "Must be an object.");
        }

        return [];
    }
}
