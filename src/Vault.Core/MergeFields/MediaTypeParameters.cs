using System.Text.RegularExpressions;

namespace Vault.Core.MergeFields;

/// <summary>
/// Reads the parameters of a <c>Content-Type</c> as a lenient receiver would. What a strict reader refuses (an empty parameter, which RFC 9110
/// section 5.6.6 allows; a value that had to be quoted) must not make another kind of the body: a secret would go into it unescaped.
/// </summary>
internal static partial class MediaTypeParameters
{
    [GeneratedRegex(@"charset[\s*0-9]*=", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Charsets();

    /// <summary>The charset that it names; empty: none, null: nobody can say, since it names more than one, holds two media types, or a quote that stays open.</summary>
    public static string? CharsetOf(string contentType)
    {
        if (contentType.AsSpan().IndexOfAny(";,\"=") < 0)
        {
            // Nearly always: a media type alone.
            return "";
        }

        if (Split(contentType) is not { } parts)
        {
            return null;
        }

        var (found, named) = ("", 0);
        foreach (var parameter in parts.Skip(1))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? "" : parameter[..equals].Trim(' ', '\t');
            if (!name.Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var charset = parameter[(equals + 1)..].Trim(' ', '\t', '"').Replace("\\", "", StringComparison.Ordinal);
            if (named > 0 && !found.Equals(charset, StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            found = charset;
            named++;
        }

        // What looks like one at another place (in quotes, with RFC 2231's star, behind a space that is none) is one to some readers.
        return Charsets().Count(contentType) == named ? found : null;
    }

    /// <summary>The media type, then each parameter; null where it isn't one media type.</summary>
    private static List<string>? Split(string contentType)
    {
        var parts = new List<string>();
        var (begin, isQuoted) = (0, false);
        for (var i = 0; i < contentType.Length; i++)
        {
            switch (contentType[i])
            {
                case '\\' when isQuoted:
                    i++;
                    break;
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case ';' when !isQuoted:
                    parts.Add(contentType[begin..i]);
                    begin = i + 1;
                    break;
                case ',' when !isQuoted:
                    return null;
                default:
                    break;
            }
        }

        parts.Add(contentType[begin..]);
        return isQuoted ? null : parts;
    }
}
