using System.Text.RegularExpressions;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.Postman;

/// <summary>Tells where secrets stand in a collection and in an environment, be it in what comes over or not; each once, and none is shown.</summary>
/// <param name="variables">Where the values of variables stand.</param>
/// <param name="report">Where it is told.</param>
internal sealed partial class PostmanSecrets(PostmanVariables variables, ImportReport report)
{
    private readonly Dictionary<Place, List<string>> _told = [];

    /// <summary>Whether something is called like a credential.</summary>
    public static bool IsTelling(string name, string text) => text.Length > 0 && Telling().IsMatch(name) && !name.Contains("srf", StringComparison.OrdinalIgnoreCase);

    /// <summary>Tells of one.</summary>
    public void Tell(PostmanPair pair, string owner, string meaning)
    {
        foreach (var source in variables.SourcesOf(pair))
        {
            Add(source, owner, meaning);
        }
    }

    /// <summary>Leaves one to who tells of it otherwise.</summary>
    public void Leave(PostmanPair pair)
    {
        foreach (var source in variables.SourcesOf(pair))
        {
            Remember(source.At, source.Text);
        }
    }

    /// <summary>Tells of all that nobody told of so far: of what did not come over, of what nothing uses, of what is switched off.</summary>
    /// <param name="node">A part of a file.</param>
    /// <param name="owner">What it belongs to.</param>
    /// <param name="path">The folders that it is in.</param>
    public void TellRest(DocumentNode node, string owner, string path = "")
    {
        foreach (var item in (node as SequenceNode)?.Items ?? [])
        {
            if (item.TextOf("key") is { Length: > 0 } name && item.TextOf("value") is { Length: > 0 } text)
            {
                TellPair(new PostmanPair(name, text, item.At), owner, IsTelling(name, text));
            }

            TellRest(item, owner, path);
        }

        foreach (var entry in (node as MappingNode)?.Entries ?? [])
        {
            switch (entry.Name, entry.Value)
            {
                case ("auth", MappingNode auth):
                    TellAuth(auth, owner);
                    break;
                case ("url" or "request" or "originalRequest", ScalarNode url):
                    TellUrl(url.Text, url.At, owner);
                    break;
                case ("item", SequenceNode items):
                    foreach (var item in items.Items)
                    {
                        var own = PostmanNodes.NameOf(item, "request");
                        var below = path.Length == 0 ? own : $"{path} / {own}";
                        TellRest(item, below, below);
                    }

                    break;
                case ("url", MappingNode url):
                    TellUrl(url, owner);
                    TellRest(url, owner, path);
                    break;
                case ("response", SequenceNode answers):
                    // Of an answer that was kept, what was asked.
                    foreach (var answer in answers.Items.OfType<MappingNode>())
                    {
                        TellRest(new MappingNode(answer.At, [.. answer.Entries.Where(entry => entry.Name == "originalRequest")]), owner, path);
                    }

                    break;
                default:
                    TellRest(entry.Value, owner, path);
                    break;
            }
        }
    }

    private void TellAuth(MappingNode auth, string owner)
    {
        foreach (var type in auth.Entries.Where(entry => entry.Value is not ScalarNode))
        {
            foreach (var pair in PostmanNodes.Pairs(type.Value, withDisabled: true))
            {
                // A key is the name of a header or of a query parameter here; claims are told of one by one.
                var isTelling = OfAuth().IsMatch(pair.Name);
                if (pair.Name is not ("key" or "queryParamKey") && (isTelling || pair.Text is not ['{', not '{', ..]))
                {
                    TellPair(pair, owner, isTelling, name: "setting");
                }
            }

            foreach (var item in (type.Value as SequenceNode)?.Items ?? [])
            {
                TellRest((item as MappingNode)?.Find("value") ?? item, owner);
            }
        }
    }

    // A URL in pieces, or with its pieces beside it.
    private void TellUrl(MappingNode url, string owner)
    {
        var pieces = url.ItemsOf("path").OfType<ScalarNode>().Select(part => part.Text);
        var text = url.TextOf("raw") ?? $"//host/{string.Join('/', pieces)}#{url.TextOf("hash")}";
        foreach (var pair in PostmanNodes.Pairs(url.Find("query") as SequenceNode, withDisabled: true))
        {
            // Told of where it stands by itself.
            Remember(url.At, pair.Text);
        }

        TellUrl(text, url.At, owner);
    }

    private void TellUrl(string text, Place at, string owner)
    {
        foreach (var secret in UrlSecrets.In(PostmanVariables.Without(text), (name, value) => IsTelling(name, value) || LiteralSecret.Find(name, value) is not null))
        {
            if (!IsTold(at, secret.Text))
            {
                report.Add(at, Outcome.SecretInFile, owner, secret.Sentence);
            }
        }
    }

    private void TellPair(PostmanPair pair, string owner, bool isTelling, string? name = null)
    {
        if (!isTelling && pair.Text.Contains("://", StringComparison.Ordinal))
        {
            if (!IsTold(pair.At, pair.Text))
            {
                TellUrl(pair.Text, pair.At, owner);
            }
        }
        else if (isTelling || LiteralSecret.Find(name ?? pair.Name, PostmanVariables.Without(pair.Text)) is not null)
        {
            foreach (var source in variables.SourcesOf(pair).Where(source => !IsTold(source.At, source.Text)))
            {
                Add(source, owner, $"what looks like a secret, as {Shown.Of(pair.Name)}");
            }
        }
    }

    private void Add(PostmanPair source, string owner, string meaning)
    {
        report.Add(source.At, Outcome.SecretInFile, owner, $"Here stands {meaning}; it wasn't copied.");
        Remember(source.At, source.Text);
    }

    private void Remember(Place at, string text)
    {
        if (!_told.TryGetValue(at, out var texts))
        {
            _told.Add(at, texts = []);
        }

        texts.Add(text);
    }

    // What was told may be without its scheme, as in Bearer ….
    private bool IsTold(Place at, string text) => _told.TryGetValue(at, out var texts) && texts.Exists(told => told == text || text.EndsWith(" " + told, StringComparison.Ordinal));

    [GeneratedRegex("(^|[-_])(authorization|api[-_]?key|[a-z]*token|secret|password|subscription[-_]key|(auth|access|app|client)[-_]?key)$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Telling();

    // Of an authorization: what it is proven by, and who it is.
    [GeneratedRegex("(password|secret|token|verifier|user|username|id|key)$|^value$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex OfAuth();
}
