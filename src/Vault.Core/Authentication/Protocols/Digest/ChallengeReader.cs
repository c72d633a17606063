namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>
/// Reads <c>WWW-Authenticate</c> (RFC 9110 section 11.6.1): challenges and their parameters are both separated by commas, so that
/// a name without <c>=</c> begins a new challenge. Never throws; what can't be read is left out, to the next comma, and so is the token68 (section 11.2) of schemes like Negotiate.
/// </summary>
internal static class ChallengeReader
{
    /// <summary>The challenges of one header, with their parameters by name, without regard to case.</summary>
    public static IEnumerable<(string Scheme, IReadOnlyDictionary<string, string> Parameters)> Read(string header)
    {
        var challenges = new List<(string Scheme, IReadOnlyDictionary<string, string> Parameters)>();
        Dictionary<string, string>? parameters = null;
        var isBehindScheme = false;
        var at = 0;
        while (true)
        {
            while (at < header.Length && header[at] is ' ' or '\t' or ',')
            {
                isBehindScheme &= header[at] != ',';
                at++;
            }

            if (at == header.Length)
            {
                return challenges;
            }

            var name = Token(header, ref at);
            Skip(header, ref at);
            if (name.Length == 0 || (isBehindScheme && (at == header.Length || header[at] == ',')))
            {
                // A stray character, or a token68. One that is padded reads like a parameter without a value, and does no harm.
                isBehindScheme = false;
                var comma = header.IndexOf(',', at);
                at = comma < 0 ? header.Length : comma;
            }
            else if (at < header.Length && header[at] == '=' && parameters is not null)
            {
                isBehindScheme = false;
                at++;
                Skip(header, ref at);
                parameters[name] = at < header.Length && header[at] == '"' ? Quoted(header, ref at) : Token(header, ref at);
            }
            else
            {
                parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                challenges.Add((name, parameters));
                isBehindScheme = true;
            }
        }
    }

    private static void Skip(string text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }
    }

    private static string Token(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is not (' ' or '\t' or ',' or '=' or '"'))
        {
            at++;
        }

        return text[start..at];
    }

    private static string Quoted(string text, ref int at)
    {
        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            value.Append(text[at]);
        }

        at = Math.Min(at + 1, text.Length);
        return value.ToString();
    }
}
