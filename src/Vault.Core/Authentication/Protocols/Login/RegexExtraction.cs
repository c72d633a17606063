using System.Text.RegularExpressions;
using Vault.Core.Authentication.SignIns;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary><c>regex:</c>, a pattern with one group; without backtracking, so that its time is linear in the answer.</summary>
internal static class RegexExtraction
{
    private const int MaxLength = 2000;

    /// <summary>How to find the values; null where the pattern is none, or has not exactly one group.</summary>
    public static Func<SignInAnswer, IReadOnlyList<string>?>? Parse(string pattern)
    {
        if (pattern.Length > MaxLength)
        {
            return null;
        }

        try
        {
            var regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return regex.GetGroupNumbers() is [_, var group]
                ? answer => [.. regex.Matches(answer.Text).Take(1000).Where(match => match.Groups[group].Success).Take(2).Select(match => match.Groups[group].Value)]
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
