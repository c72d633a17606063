using System.Text.RegularExpressions;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.Postman;

/// <summary>How requests are authorized: a type of Postman's, and its parameters.</summary>
/// <param name="Type">As in <c>oauth2</c>; <c>noauth</c> is none.</param>
/// <param name="Parameters">By name.</param>
/// <param name="Owner">The collection, folder or request that says so.</param>
/// <param name="At">Where it stands.</param>
internal sealed record PostmanAuth(string Type, IReadOnlyList<PostmanPair> Parameters, string Owner, Place At)
{
    /// <summary>What stands there for a name; null where nothing does.</summary>
    public PostmanPair? Find(string name) => Parameters.FirstOrDefault(pair => pair.Name == name && pair.Text.Length > 0);

    /// <summary>The same for the same authorization.</summary>
    public string Key => Type + "\n" + string.Join('\n', Parameters.Select(pair => $"{pair.Name}={pair.Text}").Order(StringComparer.Ordinal));

    /// <summary>Never what the parameters hold.</summary>
    public override string ToString() => Type;
}

/// <summary>A request, with what of it matters.</summary>
/// <param name="Name">With its folders.</param>
/// <param name="Url">As it stands there.</param>
/// <param name="Auth">Its own, or that of what it is in.</param>
/// <param name="Headers">Those that look like credentials.</param>
/// <param name="Query">Those that look like credentials.</param>
internal sealed record PostmanRequest(string Name, PostmanPair Url, PostmanAuth Auth, IReadOnlyList<PostmanPair> Headers, IReadOnlyList<PostmanPair> Query);

/// <summary>All requests of a collection, its folders gone through.</summary>
internal sealed partial class PostmanRequests(ImportReport report)
{
    private readonly List<PostmanRequest> _found = [];

    /// <summary>Reads them.</summary>
    public IReadOnlyList<PostmanRequest> Read(MappingNode collection, string name)
    {
        Walk(collection, name, "", new PostmanAuth("noauth", [], name, collection.At));
        return _found;
    }

    private void Walk(DocumentNode node, string name, string path, PostmanAuth inherited)
    {
        var owner = path.Length == 0 ? name : path;
        var auth = AuthOf(node, owner) ?? inherited;
        ReportScripts(node, owner);
        foreach (var item in node.ItemsOf("item"))
        {
            var own = PostmanNodes.NameOf(item, "request");
            var below = path.Length == 0 ? own : $"{path} / {own}";
            if ((item as MappingNode)?.Find("request") is { } request)
            {
                ReportScripts(item, below);
                Add(request, below, AuthOf(request, below) ?? AuthOf(item, below) ?? auth);
            }
            else
            {
                Walk(item, name, below, auth);
            }
        }
    }

    private void Add(DocumentNode request, string name, PostmanAuth auth)
    {
        var url = request is ScalarNode ? request : (request as MappingNode)?.Find("url");
        var text = url is ScalarNode scalar ? scalar.Text : url.TextOf("raw") ?? Joined(url);
        if (url is null || text.Length == 0)
        {
            report.Add(request.At, Outcome.NotImported, name, "It has no URL.");
            return;
        }

        var query = PostmanNodes.Pairs((url as MappingNode)?.Find("query")).ToArray() is { Length: > 0 } pairs ? pairs : QueryOf(text, url.At);
        _found.Add(new PostmanRequest(
            name, new PostmanPair("url", text, url.At), auth,
            [.. PostmanNodes.Pairs((request as MappingNode)?.Find("header") as SequenceNode).Where(pair => IsTelling(pair) && HeaderNames.IsFit(pair.Name))],
            [.. query.Where(pair => IsTelling(pair) || pair.Name.Equals("key", StringComparison.OrdinalIgnoreCase))]));
    }

    private static PostmanAuth? AuthOf(DocumentNode node, string owner) =>
        (node as MappingNode)?.Find("auth") is MappingNode auth && auth.TextOf("type") is { Length: > 0 } type && type != "inherit"
            ? new PostmanAuth(type, [.. PostmanNodes.Pairs(auth.Find(type))], owner, auth.At) : null;

    // A URL without its raw form: host and path in pieces.
    private static string Joined(DocumentNode? url)
    {
        var host = url.TextOf("host") ?? string.Join('.', url.ItemsOf("host").OfType<ScalarNode>().Select(part => part.Text));
        return host.Length == 0 ? "" : (url.TextOf("protocol") is { } protocol ? protocol + "://" : "") + host + (url.TextOf("port") is { } port ? ":" + port : "");
    }

    private static IEnumerable<PostmanPair> QueryOf(string url, Place at) => url.Split('#')[0].Split('?', 2) is [_, var query]
        ? query.Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair is [{ Length: > 0 }, _]).Select(pair => new PostmanPair(Uri.UnescapeDataString(pair[0]), pair[1], at)) : [];

    private static bool IsTelling(PostmanPair pair) => PostmanSecrets.IsTelling(pair.Name, pair.Text);

    private void ReportScripts(DocumentNode node, string owner)
    {
        foreach (var script in node.ItemsOf("event").Where(one => one.TextOf("listen") == "prerequest").Select(one => (one as MappingNode)?.Find("script")).OfType<MappingNode>())
        {
            var lines = script.TextOf("exec") ?? string.Join('\n', script.ItemsOf("exec").OfType<ScalarNode>().Select(line => line.Text));
            if (Signing().IsMatch(lines))
            {
                report.Add(script.At, Outcome.NotImported, owner, "A script before the request seems to sign in or to sign; login, jwt or custom headers do that here (docs/protocols.md).");
            }
        }
    }

    [GeneratedRegex("sendRequest|CryptoJS|crypto|hmac|authorization|token", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Signing();
}
