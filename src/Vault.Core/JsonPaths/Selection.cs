using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.JsonPaths.Filters;
using Vault.Core.JsonPaths.Selectors;

namespace Vault.Core.JsonPaths;

/// <summary>One run of a query over one document, and its budget of nodes, shared by the filters inside it.</summary>
internal sealed class Selection(JsonElement root)
{
    private const int MaxPatterns = 64;

    private readonly Dictionary<string, Regex?> _patterns = new(StringComparer.Ordinal);
    private int _budget = 4_000_000;

    public JsonElement Root { get; } = root;

    /// <summary>Whether the budget is used up.</summary>
    public bool IsOver => _budget < 0;

    /// <summary>Takes a node from the budget; false when it is used up, and the caller stops.</summary>
    public bool Spend() => Spend(1);

    /// <summary>Takes what it costs to pass over so many nodes: little, but a filter may have it done for each node.</summary>
    public bool SpendPassing(int nodes) => Spend(nodes / 16);

    /// <summary>Takes what it costs to read or compare so many bytes of the document, in the same way.</summary>
    public bool SpendReading(int bytes) => Spend(bytes / 64);

    public List<JsonElement> Run(IReadOnlyList<Segment> segments, JsonElement start)
    {
        List<JsonElement> nodes = [start];
        foreach (var segment in segments)
        {
            List<JsonElement> next = [];
            foreach (var node in nodes)
            {
                if (IsOver)
                {
                    break;
                }

                segment.Select(this, node, next);
            }

            nodes = next;
        }

        return nodes;
    }

    /// <summary>The compiled pattern; null where it isn't an I-Regexp.</summary>
    public Regex? Pattern(string pattern, bool whole)
    {
        var key = (whole ? "m" : "s") + pattern;
        if (!_patterns.TryGetValue(key, out var regex))
        {
            regex = _patterns.Count < MaxPatterns ? IRegexp.Compile(pattern, whole) : null;
            _patterns[key] = regex;
        }

        return regex;
    }

    private bool Spend(int nodes) => _budget >= 0 && (_budget -= nodes) >= 0;
}
