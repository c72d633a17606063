using Vault.Core.Definitions;

namespace Vault.Core.Callouts.Paths;

/// <summary>Matches a callout with <c>allowedRequests</c>. The work is at most the length of the pattern times that of the path.</summary>
public static class AllowedRequestMatcher
{
    /// <summary>Whether one rule admits the request; without rules, all are admitted.</summary>
    /// <param name="rules">Of the named credential; null where there are none.</param>
    /// <param name="method">As sent.</param>
    /// <param name="rawPath">What follows the name, as sent: empty, or from its <c>/</c> on.</param>
    public static bool IsAllowed(IReadOnlyList<AllowedRequest>? rules, string method, string rawPath) => rules is null || IsAmong(rules, method, rawPath);

    private static bool IsAmong(IReadOnlyList<AllowedRequest> rules, string method, string rawPath)
    {
        // Each segment is decoded by itself and once, so that %2F never separates.
        var path = Segments(rawPath).Select(PercentDecoding.Decode).ToArray();
        return rules.Any(rule =>
            (rule.Methods.Count == 0 || rule.Methods.Contains(method, StringComparer.Ordinal))
            && (rule.Path is null || (!path.Contains(null) && Matches(Segments(rule.Path), path, IsSegment, part => part == "**"))));
    }

    private static string[] Segments(string path) => (path.StartsWith('/') ? path[1..] : path).Split('/');

    private static bool IsSegment(string pattern, string? segment) =>
        Matches(pattern.ToCharArray(), (segment ?? "").ToCharArray(), (p, c) => p == c, p => p == '*');

    // Greedy, going back to the last star only: an earlier one can't help where the last one doesn't.
    private static bool Matches<TPattern, TItem>(
        TPattern[] pattern, TItem[] items, Func<TPattern, TItem, bool> isMatch, Func<TPattern, bool> isStar)
    {
        var (p, i, star, from) = (0, 0, -1, 0);
        while (i < items.Length)
        {
            if (p < pattern.Length && isStar(pattern[p]))
            {
                (star, from) = (p++, i);
            }
            else if (p < pattern.Length && isMatch(pattern[p], items[i]))
            {
                (p, i) = (p + 1, i + 1);
            }
            else if (star >= 0)
            {
                (p, i) = (star + 1, ++from);
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && isStar(pattern[p]))
        {
            p++;
        }

        return p == pattern.Length;
    }
}
