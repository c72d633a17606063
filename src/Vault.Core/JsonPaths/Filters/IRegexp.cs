using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>RFC 9485 patterns as .NET ones that don't backtrack.</summary>
internal static class IRegexp
{
    private const int MaxLength = 1000;
    private const long MaxRepeats = 10_000;
    private const string Escapable = "()*+-.?[\\]^nrt{|}$/pP";

    /// <summary>The compiled pattern; null where it isn't an I-Regexp or is too large.</summary>
    public static Regex? Compile(string pattern, bool whole)
    {
        if (pattern.Length > MaxLength || Translate(pattern) is not { } translated)
        {
            return null;
        }

        try
        {
            return new Regex(
                whole ? @"\A(?:" + translated + @")\z" : translated,
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
                TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static string? Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        var atom = false;
        var repeats = 1L;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\')
            {
                if (++i == pattern.Length || !Escapable.Contains(pattern[i], StringComparison.Ordinal))
                {
                    return null;
                }

                result.Append(c).Append(pattern[i]);
                atom = true;
                if (pattern[i] is 'p' or 'P')
                {
                    var close = pattern.IndexOf('}', i);
                    if (close < 0 || pattern[i + 1] != '{')
                    {
                        return null;
                    }

                    result.Append(pattern, i + 1, close - i);
                    i = close;
                }
            }
            else if (inClass)
            {
                if (c == '[')
                {
                    return null;
                }

                result.Append(c);
                inClass = c != ']';
            }
            else if (c is '*' or '+' or '?' or '{')
            {
                // A quantifier without an atom would be one of .NET's own forms: `(?…)`, `*?`, `++`.
                if (!atom)
                {
                    return null;
                }

                atom = false;
                var end = i;
                if (c == '{' && ((end = pattern.IndexOf('}', i)) < 0 || (repeats *= Most(pattern[(i + 1)..end])) is <= 0 or > MaxRepeats))
                {
                    return null;
                }

                result.Append(pattern, i, end - i + 1);
                i = end;
            }
            else
            {
                // A dot is one code point, which may be two UTF-16 units; a dollar is the very end.
                result.Append(c switch
                {
                    '.' => @"(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|[^\n\r])",
                    '$' => @"\z",
                    _ => c.ToString(),
                });
                inClass = c == '[';
                atom = c is not ('(' or '|' or '^' or '$');
            }
        }

        return inClass ? null : result.ToString();
    }

    private static long Most(string quantity)
    {
        var most = 1L;
        foreach (var part in quantity.Split(','))
        {
            if (part.Length > 0 && !long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out most))
            {
                return -1;
            }
        }

        return quantity.Length == 0 || quantity[0] == ',' ? -1 : Math.Clamp(most, 1, MaxRepeats + 1);
    }
}
