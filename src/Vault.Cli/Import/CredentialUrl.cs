using System.Text;

namespace Vault.Cli.Import;

/// <summary>A URL of the metadata, as the vault takes it.</summary>
/// <param name="Text">For the definition; its query may hold merge fields.</param>
/// <param name="Origin">Its scheme, host and port.</param>
/// <param name="Secrets">Query parameters whose secrets stood in it, and the parameters that hold them from now on.</param>
internal sealed record CredentialUrl(string Text, Uri Origin, IReadOnlyList<(string Query, string Parameter)> Secrets)
{
    /// <summary>Says of a URL that came over what may be a secret in its path, which can't be left out; null where nothing may be.</summary>
    public string? PathWarning => LiteralSecret.IsInPath(Origin.AbsolutePath)
        ? "What may be a secret stands in the path of its URL, and came over with it. A setting is no secret: it is shown to whoever may read definitions." : null;

    /// <summary>Reads one; else says in a sentence why it can't come over.</summary>
    /// <param name="text">As it stands in the metadata.</param>
    /// <param name="allowHttp">Whether http is fine.</param>
    /// <param name="credential">The external credential that holds secrets of its query; null where it may hold none.</param>
    /// <param name="owner">The named credential whose URL it is.</param>
    /// <param name="problem">What is wrong.</param>
    public static CredentialUrl? Read(string text, bool allowHttp, string? credential, string? owner, out string? problem)
    {
        problem = Judge(text, allowHttp, out var uri);
        if (problem is not null || uri is null)
        {
            return null;
        }

        var secrets = new List<(string, string)>();
        var names = new FreeNames();
        var written = Encode(text);
        var question = written.IndexOf('?', StringComparison.Ordinal);
        if (credential is not null && question >= 0)
        {
            written = written[..(question + 1)] + string.Join('&', written[(question + 1)..].Split('&').Select(pair => Hide(pair, credential, owner ?? "Url", names, secrets)));
        }

        return new CredentialUrl(written, uri, secrets);
    }

    /// <summary>The URL without the query parameters whose values look like secrets.</summary>
    /// <param name="text">The URL.</param>
    /// <param name="hidden">Learns the name of each.</param>
    public static string WithoutSecrets(string text, Action<string> hidden)
    {
        var question = text.IndexOf('?', StringComparison.Ordinal);
        if (question < 0)
        {
            return text;
        }

        var kept = new List<string>();
        foreach (var pair in text[(question + 1)..].Split('&'))
        {
            if (IsSecret(pair, out var query))
            {
                hidden(Uri.UnescapeDataString(query));
            }
            else
            {
                kept.Add(pair);
            }
        }

        return kept.Count == 0 ? text[..question] : $"{text[..question]}?{string.Join('&', kept)}";
    }

    /// <summary>That a secret stands in a URL.</summary>
    public static string Uncopied(string query) => UrlSecret.UncopiedAt($"as {Shown.Of(query)}");

    /// <summary>The entry of <c>allowedHosts</c> for a URL.</summary>
    public static string HostOf(Uri url)
    {
        var host = url.IdnHost;
        host = url.HostNameType is UriHostNameType.IPv6 && !host.StartsWith('[') ? $"[{host}]" : host;
        var authority = url.IsDefaultPort ? host : $"{host}:{url.Port}";
        return (url.Scheme == Uri.UriSchemeHttp ? "http://" + authority : authority).ToLowerInvariant();
    }

    private static string? Judge(string text, bool allowHttp, out Uri? uri)
    {
        uri = null;
        if (text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || text.AsSpan().ContainsAny('\\', '{', '<') || text.Length > 4000
            || !Uri.TryCreate(text, UriKind.Absolute, out uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp)
            || uri.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
        {
            return "It is no absolute URL with a host; is there a placeholder to fill in?";
        }

        var authority = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var end = authority.AsSpan().IndexOfAny('/', '?', '#');
        var rest = end < 0 ? "" : authority[end..];
        authority = end < 0 ? authority : authority[..end];
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            return "There is a user name or a password in the URL. Take it out, and use the protocol password.";
        }

        if (authority.AsSpan().ContainsAny('%', '}', '>') || authority.EndsWith(':'))
        {
            return "It is no absolute URL with a host; is there a placeholder to fill in?";
        }

        if (rest.Contains('#', StringComparison.Ordinal))
        {
            return "There is a # in it; a fragment never reaches a service.";
        }

        if (HasDotSegment(rest.Split('?')[0]))
        {
            return "Its path has a segment . or .., or a malformed escape.";
        }

        return uri.Scheme == Uri.UriSchemeHttp && !allowHttp
            ? "It is http: secrets would travel in the clear. Where the vault allows that (Vault:Egress:AllowHttp), import it with --allow-http."
            : null;
    }

    // As the vault judges paths: decoded three times, split again after each.
    private static bool HasDotSegment(string path)
    {
        var decoded = path;
        for (var round = 0; round < 4; round++)
        {
            if (decoded.Split('/', '\\').Any(segment => segment.Split(';')[0] is "." or ".."))
            {
                return true;
            }

            for (var at = decoded.IndexOf('%', StringComparison.Ordinal); at >= 0; at = decoded.IndexOf('%', at + 1))
            {
                if (round == 0 && (at + 2 >= decoded.Length || !char.IsAsciiHexDigit(decoded[at + 1]) || !char.IsAsciiHexDigit(decoded[at + 2])))
                {
                    return true;
                }
            }

            decoded = Uri.UnescapeDataString(decoded);
        }

        return decoded.Any(c => char.IsControl(c) || c == '\uFFFD');
    }

    private static string Encode(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var slash = text.AsSpan(start).IndexOfAny('/', '?');
        if (slash < 0)
        {
            return text;
        }

        var output = new StringBuilder(text[..(start + slash)]);
        foreach (var rune in text[(start + slash)..].EnumerateRunes())
        {
            output.Append(rune.Value is > 0x20 and < 0x7f and not ('"' or '>' or '}' or '|' or '^' or '`') ? rune.ToString() : Uri.EscapeDataString(rune.ToString()));
        }

        return output.ToString();
    }

    private static bool IsSecret(string pair, out string query)
    {
        var equals = pair.IndexOf('=', StringComparison.Ordinal);
        query = pair[..Math.Max(0, equals)];
        var value = pair[Math.Min(pair.Length, equals + 1)..];
        return equals > 0 && value.Length > 0 && !pair.Contains('{', StringComparison.Ordinal)
            && (LiteralSecret.Find(query, value) is not null || TokenUrl.IsClientSecret(query));
    }

    private static string Hide(string pair, string credential, string owner, FreeNames names, List<(string Query, string Parameter)> secrets)
    {
        if (!IsSecret(pair, out var query))
        {
            return pair;
        }

        var parameter = names.Give($"{owner}_Url_{query}");
        secrets.Add((query, parameter));
        return $"{query}={{!$Credential.{credential}.{parameter}}}";
    }
}
