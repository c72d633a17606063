using System.Diagnostics;
using System.Text.RegularExpressions;
using Vault.Core.Authentication.SignIns;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary><c>regex:</c>, a pattern with one group; without backtracking, so that its time is linear in the answer, and not longer than a second: a pattern that counts far has many states.</summary>
internal static class RegexExtraction
{
    private const int MaxLength = 2000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>How to find the values, which gives null where that takes too long; null where the pattern is none, or has not exactly one group.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="longest">How long that may take; null: a second.</param>
    public static Func<SignInAnswer, IReadOnlyList<string>?>? Parse(string pattern, TimeSpan? longest = null)
    {
        var limit = longest ?? Longest;
        if (pattern.Length > MaxLength)
        {
            return null;
        }

        try
        {
            var regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, limit);
            return regex.GetGroupNumbers() is [_, var group]
                ? answer => Find(regex, group, answer.Text, limit)
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static string[]? Find(Regex regex, int group, string text, TimeSpan limit)
    {
        // The time of the expression is that of one match.
        var began = Stopwatch.GetTimestamp();
        var found = new List<string>();
        try
        {
            foreach (var match in regex.Matches(text).Take(1000))
            {
                if (match.Groups[group].Success)
                {
                    found.Add(match.Groups[group].Value);
                }

                if (found.Count == 2)
                {
                    break;
                }

                if (Stopwatch.GetElapsedTime(began) > limit)
                {
                    return null;
                }
            }

            return [.. found];
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }
}
