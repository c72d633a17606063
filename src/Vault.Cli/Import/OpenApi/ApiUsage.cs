using Microsoft.OpenApi;

namespace Vault.Cli.Import.OpenApi;

/// <summary>What operations ask for at a server: a security scheme, or several together.</summary>
/// <param name="Schemes">Their names.</param>
internal sealed record ApiRequirement(IReadOnlyList<string> Schemes)
{
    /// <summary>The same for the same schemes in any order.</summary>
    public string Key { get; } = string.Join('\n', Schemes.Order(StringComparer.Ordinal));

    /// <summary>The scopes that operations name, all together.</summary>
    public SortedSet<string> Scopes { get; } = new(StringComparer.Ordinal);
}

/// <summary>Which servers there are, and what their operations ask for.</summary>
internal sealed class ApiUsage
{
    private readonly Dictionary<string, ApiRequirement> _requirements = new(StringComparer.Ordinal);
    private readonly List<(OpenApiServer Server, ApiRequirement? Requirement)> _pairs = [];
    private readonly HashSet<(string Url, string? Key)> _seen = [];

    /// <summary>Each server with each requirement that an operation there has, in the order of the document; null where none has any.</summary>
    public IReadOnlyList<(OpenApiServer Server, ApiRequirement? Requirement)> Pairs => _pairs;

    /// <summary>All requirements.</summary>
    public IReadOnlyCollection<ApiRequirement> Requirements => _requirements.Values;

    /// <summary>Reads them off a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="schemes">The security schemes, for a document whose operations ask for none.</param>
    public static ApiUsage Of(OpenApiDocument document, IEnumerable<string> schemes)
    {
        var usage = new ApiUsage();
        var open = new List<OpenApiServer>();
        var servers = Servers(document.Servers) ?? [new OpenApiServer { Url = "/" }];
        usage.Add(servers, document.Security, open);
        foreach (var item in document.Paths.Values)
        {
            foreach (var operation in item.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            {
                usage.Add(Servers(operation.Servers) ?? Servers(item.Servers) ?? servers, operation.Security ?? document.Security, open);
            }
        }

        if (usage._requirements.Count == 0)
        {
            // Many documents say how to sign in, and forget to say where: then everywhere.
            foreach (var scheme in schemes)
            {
                usage.Add(servers, [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = [] }], open);
            }
        }

        foreach (var server in open.Where(server => usage._pairs.TrueForAll(pair => pair.Server.Url != server.Url)).DistinctBy(server => server.Url).ToArray())
        {
            usage._pairs.Add((server, null));
        }

        return usage;
    }

    private void Add(IEnumerable<OpenApiServer> servers, IList<OpenApiSecurityRequirement>? security, List<OpenApiServer> open)
    {
        var required = (security ?? []).Where(one => one.Count > 0).ToArray();
        foreach (var server in servers)
        {
            if (required.Length == 0)
            {
                open.Add(server);
            }

            foreach (var one in required)
            {
                var requirement = new ApiRequirement([.. one.Keys.Select(scheme => scheme.Reference.Id ?? "")]);
                if (!_requirements.TryAdd(requirement.Key, requirement))
                {
                    requirement = _requirements[requirement.Key];
                }

                requirement.Scopes.UnionWith(one.Values.SelectMany(scopes => scopes));
                if (_seen.Add((server.Url ?? "", requirement.Key)))
                {
                    _pairs.Add((server, requirement));
                }
            }
        }
    }

    private static IList<OpenApiServer>? Servers(IList<OpenApiServer>? servers) => servers is { Count: > 0 } ? servers : null;
}
