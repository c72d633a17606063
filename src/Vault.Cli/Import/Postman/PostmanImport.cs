using Vault.Cli.Documents;

namespace Vault.Cli.Import.Postman;

/// <summary>Turns a collection of Postman's into definitions of a vault.</summary>
internal sealed class PostmanImport
{
    private const int Most = 200;

    // What stands before a secret; any other word may be a part of it.
    private static readonly string[] Schemes = ["Bearer", "Basic", "Token", "token", "ApiKey", "Api-Key", "Key", "OAuth", "JWT", "SSWS", "Bot", "GenieKey", "Splunk"];

    private readonly string _name;
    private readonly PostmanVariables _variables;
    private readonly ImportOptions _options;
    private readonly ImportReport _report;
    private readonly AuthConversion _auths;
    private readonly PostmanSecrets _secrets;
    private readonly FreeNames _names = new();
    private readonly FreeNames _externalNames = new();
    private readonly Dictionary<string, ExternalDraft?> _byAuth = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExternalDraft> _externals = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<NamedCredentialDefinition> _named = [];
    private readonly HashSet<(string Url, string External)> _used = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    private PostmanImport(string name, PostmanVariables variables, ImportOptions options, ImportReport report)
    {
        (_name, _variables, _options, _report) = (name, variables, options, report);
        _secrets = new PostmanSecrets(variables, report);
        _auths = new AuthConversion(variables, _secrets, options, report);
    }

    /// <summary>Imports a collection.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="environment">An environment; null: none.</param>
    /// <param name="options">What the import may do.</param>
    /// <exception cref="CommandFailure">It is no collection of a version that is known.</exception>
    public static ImportResult Run(MappingNode collection, MappingNode? environment, ImportOptions options)
    {
        // Exports of Postman's own API have it in an envelope.
        collection = collection.Find("info") is null && collection.Find("collection") is MappingNode inner ? inner : collection;
        if (collection.Find("info") is not MappingNode info || collection.Find("item") is not SequenceNode)
        {
            throw CommandFailure.Usage(collection.Find("requests") is null
                ? $"{collection.At}: Is no collection of Postman's: it has no info and item."
                : $"{collection.At}: Is a collection of version 1; export it as Collection v2.1.");
        }

        if (environment is not null && environment.Find("values") is not SequenceNode)
        {
            throw CommandFailure.Usage($"{environment.At}: Is no environment of Postman's: it has no values.");
        }

        // 1. All requests, with what authorizes each. 2. Where each goes. 3. Each place with each authorization, once. 4. The secrets of all that didn't come over.
        var report = new ImportReport("Postman", "collection");
        var name = PostmanNodes.NameOf(info, "Collection");
        var import = new PostmanImport(name, new PostmanVariables(collection, environment), options, report);
        foreach (var request in new PostmanRequests(report).Read(collection, name))
        {
            import.Add(request);
        }

        import._secrets.TellRest(collection, name);
        if (environment is not null)
        {
            import._secrets.TellRest(environment, PostmanNodes.NameOf(environment, "environment"));
        }

        return ImportResult.Of(import._externals.Where(one => one.Value.IsUsed).ToDictionary(StringComparer.OrdinalIgnoreCase), import._named, options, report);
    }

    private void Add(PostmanRequest request)
    {
        if (BaseUrl.Of(request.Url.Text, _variables, out var missing) is not { } text)
        {
            Tell($"missing {missing}", request, string.IsNullOrEmpty(missing)
                ? "Nobody can say where it goes." : $"The variable {Shown.Of(missing)} has no value: name an environment (--environment), or give it one in the collection.");
            return;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var whole) && LiteralSecret.IsIn(whole.AbsolutePath))
        {
            Tell($"path {text}", request, "What looks like a secret stands in the path of its URL; the host alone came over, so that it has to stand in the path of callouts.");
            text = whole.GetLeftPart(UriPartial.Authority);
        }

        if (CredentialUrl.Read(text, _options.AllowHttp, credential: null, owner: null, out var problem) is not { } url)
        {
            Tell($"url {text}", request, problem ?? "");
            return;
        }

        var (auth, headers, left) = Effective(request);
        foreach (var pair in left)
        {
            // Postman adds an API key's own to the URL as well.
            _secrets.Tell(pair, request.Name, $"the query parameter {Shown.Of(pair.Name)}");
            if (auth.Type != "apikey" || auth.Find("in")?.Text != "query" || auth.Find("key")?.Text != pair.Name)
            {
                Tell($"query {auth.Type} {pair.Name}", request, $"The query parameter {Shown.Of(pair.Name)} looks like a credential and did not come over: an external credential has one protocol, and that is {Shown.Of(auth.Type)} here.");
            }
        }

        if (ExternalOf(request, auth, headers) is not { } external || !_used.Add((url.Text, external.Name)))
        {
            return;
        }

        if (_named.Count == Most)
        {
            Tell("most", request, $"There are more than {Most} services and ways to sign in; this one and those behind it did not come over.");
            return;
        }

        external.UseAt(url.Origin);
        var isKnown = _named.Exists(named => named.Url == url.Text);
        _named.Add(new NamedCredentialDefinition
        {
            Name = _names.Give(_named.Count == 0 ? _name : isKnown ? $"{_name} {OwnerOf(auth)}" : $"{_name} {url.Origin.Host}", mayBeComputed: true),
            Label = Texts.Label(_name),
            Url = url.Text,
            ExternalCredential = external.Name,
        });
    }

    // What somebody wrote into headers or the query instead of Postman's own place for it, and what of the query is left over.
    private static (PostmanAuth Auth, IReadOnlyList<PostmanPair> Headers, IReadOnlyList<PostmanPair> Query) Effective(PostmanRequest request)
    {
        var headers = request.Auth.Type is "noauth" or "apikey" ? request.Headers : [.. request.Headers.Where(header => !header.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))];
        if (request.Auth.Type != "noauth" || headers.Count + request.Query.Count == 0)
        {
            return (request.Auth, headers, request.Query);
        }

        var first = headers.Count > 0 ? headers[0] : request.Query[0];
        var (prefix, rest) = first.Text.Split(' ', 2) is [var scheme, { Length: > 0 } token] && Schemes.Contains(scheme) ? (scheme + " ", token) : ("", first.Text);
        if (headers.Count > 0 && prefix == "Bearer " && first.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
        {
            return (new PostmanAuth("bearer", [first with { Name = "token", Text = rest }], request.Name, first.At), [.. headers.Skip(1)], request.Query);
        }

        PostmanPair[] pairs =
        [
            first with { Name = "key", Text = first.Name }, first with { Name = "value", Text = rest },
            first with { Name = "in", Text = headers.Count > 0 ? "header" : "query" }, first with { Name = "prefix", Text = prefix },
        ];
        return headers.Count > 0
            ? (new PostmanAuth("apikey", pairs, request.Name, first.At), [.. headers.Skip(1)], request.Query)
            : (new PostmanAuth("apikey", pairs, request.Name, first.At), headers, [.. request.Query.Skip(1)]);
    }

    private ExternalDraft? ExternalOf(PostmanRequest request, PostmanAuth auth, IReadOnlyList<PostmanPair> headers)
    {
        var key = auth.Key + "\n\n" + string.Join('\n', headers.Select(header => $"{header.Name}={header.Text}").Order(StringComparer.Ordinal));
        if (_byAuth.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_auths.Convert(auth) is not { } protocol)
        {
            return _byAuth[key] = null;
        }

        if (auth.Type == "apikey" && auth.Find("prefix") is { } prefix)
        {
            protocol.Settings["prefix"] = prefix.Text;
        }

        var made = new List<CustomHeaderDefinition>();
        var parameters = new FreeNames();
        foreach (var taken in protocol.Parameters)
        {
            parameters.Give(taken.Name);
        }

        var due = new List<(string Parameter, string Meaning)>();
        foreach (var header in headers.DistinctBy(header => header.Name, StringComparer.OrdinalIgnoreCase))
        {
            var parameter = parameters.Give(header.Name);
            made.Add(new CustomHeaderDefinition { Name = header.Name, Value = $"{{!$Credential.{parameter}}}", Sequence = made.Count + 1 });
            due.Add((parameter, $"the header {header.Name}, whole"));
            _secrets.Tell(header, request.Name, $"the header {header.Name}");
        }

        var isOpen = protocol.Settings["protocol"]?.ToString() == "none" && made.Count == 0;
        var draft = new ExternalDraft
        {
            Name = _externalNames.Give(isOpen ? _name + " open" : _externals.Values.All(one => one.Protocol.Settings["protocol"]?.ToString() == "none") ? _name : $"{_name} {OwnerOf(auth)}"),
            SourceName = auth.Owner,
            Label = Texts.Label(_name),
            Protocol = protocol,
            Principals = [new PrincipalDraft("default", "default", false, 1)],
            Headers = made,
        };
        foreach (var (parameter, meaning) in due)
        {
            draft.Needs(parameter, meaning);
        }

        _externals.Add(draft.Name, draft);
        return _byAuth[key] = draft;
    }

    private string OwnerOf(PostmanAuth auth) => auth.Type == "noauth" ? "open" : auth.Owner == _name ? auth.Type : auth.Owner;

    // The same of many requests is said once.
    private void Tell(string what, PostmanRequest request, string sentence)
    {
        if (_told.Add(what))
        {
            _report.Add(request.Url.At, Outcome.NotImported, request.Name, sentence);
        }
    }
}
