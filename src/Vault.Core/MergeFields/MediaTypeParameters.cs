namespace Vault.Core.MergeFields;

/// <summary>
/// Reads the parameters of a <c>Content-Type</c> as a lenient receiver would. What a strict reader refuses (an empty parameter, which RFC 9110
/// section 5.6.6 allows; a value that had to be quoted) must not make another kind of the body: a secret would go into it unescaped.
/// </summary>
internal static class MediaTypeParameters
{
    /// <summary>The charset that it names; empty: none, null: more than one.</summary>
    public static string? CharsetOf(string contentType)
    {
        var found = "";
        foreach (var parameter in Split(contentType).Skip(1))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !parameter[..equals].Trim(' ', '\t').Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var charset = parameter[(equals + 1)..].Trim(' ', '\t', '"').Replace("\\", "", StringComparison.Ordinal);
            if (found.Length > 0 && !found.Equals(charset, StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            found = charset;
        }

        return found;
    }

    /// <summary>The media type, then each parameter; where two media types stand in one value, those of both.</summary>
    private static IEnumerable<string> Split(string contentType)
    {
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
                case ';' or ',' when !isQuoted:
                    yield return contentType[begin..i];
                    begin = i + 1;
                    break;
                default:
                    break;
            }
        }

        yield return contentType[begin..];
    }
}
