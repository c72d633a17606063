using System.Text.RegularExpressions;
using Vault.Cli.Documents;

namespace Vault.Cli.Import.Postman;

/// <summary>The variables of a collection, and those of an environment, which win.</summary>
internal sealed partial class PostmanVariables
{
    private const int MostRounds = 10;
    private const int Longest = 20_000;

    private readonly Dictionary<string, PostmanPair> _variables = new(StringComparer.Ordinal);

    /// <summary>Reads them.</summary>
    public PostmanVariables(MappingNode collection, MappingNode? environment)
    {
        foreach (var pair in PostmanNodes.Pairs(collection.Find("variable")).Concat(PostmanNodes.Pairs(environment?.Find("values"))))
        {
            _variables[pair.Name] = pair;
        }
    }

    /// <summary>The variables that a text names.</summary>
    public static IEnumerable<string> NamesIn(string text) => Variable().Matches(text).Select(match => match.Groups[1].Value.Trim());

    /// <summary>The text with everything filled in; null where something has no value.</summary>
    public string? Resolve(string text)
    {
        for (var round = 0; text.Contains("{{", StringComparison.Ordinal); round++)
        {
            if (round == MostRounds || text.Length > Longest || NamesIn(text).Any(name => Find(name) is not { Text.Length: > 0 }))
            {
                return null;
            }

            var filled = Variable().Replace(text, match => Find(match.Groups[1].Value.Trim())?.Text ?? "");
            if (filled == text)
            {
                return null;
            }

            text = filled;
        }

        return text;
    }

    /// <summary>The text without its variables.</summary>
    public static string Without(string text) => Variable().Replace(text, "");

    /// <summary>What a secret is made of in the files: the text itself, or the variables that it comes from.</summary>
    public IEnumerable<PostmanPair> SourcesOf(PostmanPair pair)
    {
        var pending = new Queue<PostmanPair>([pair]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (pending.TryDequeue(out var one))
        {
            if (Without(one.Text).Trim().Length > 0)
            {
                yield return one;
            }

            foreach (var name in NamesIn(one.Text).Where(seen.Add))
            {
                if (Find(name) is { } variable)
                {
                    pending.Enqueue(variable);
                }
            }
        }
    }

    private PostmanPair? Find(string name) => _variables.GetValueOrDefault(name);

    [GeneratedRegex(@"\{\{([^{}]{1,200})\}\}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Variable();
}
