namespace Vault.Cli.Import;

/// <summary>A secret that stands in a URL.</summary>
/// <param name="Where">In words, as in <c>as api_key</c>.</param>
/// <param name="Text">The secret, with what stands around it.</param>
internal sealed record UrlSecret(string Where, string Text)
{
    /// <summary>That it stands there, and didn't come over.</summary>
    public string Sentence => UncopiedAt(Where);

    /// <summary>That a secret stands in a URL, and didn't come over.</summary>
    public static string UncopiedAt(string where) =>
        $"What looks like a secret stands in the URL, {where}; it wasn't copied. Take it out of the repository, and out of its history.";

    /// <summary>Never the text.</summary>
    public override string ToString() => Where;
}

/// <summary>Finds secrets in every part of a URL, be it right or wrong.</summary>
internal static class UrlSecrets
{
    /// <summary>Those that stand there.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="isSecret">Whether a value that has a name is one; null: where it looks like one.</param>
    public static IEnumerable<UrlSecret> In(string url, Func<string, string, bool>? isSecret = null)
    {
        isSecret ??= (name, value) => LiteralSecret.Find(name, value) is not null;
        var (text, fragment) = Cut(url, '#');
        var (address, query) = Cut(text, '?');
        var begin = address.IndexOf("://", StringComparison.Ordinal);
        var (authority, path) = Cut(begin < 0 ? address : address[(begin + 3)..], '/');
        var user = authority[..Math.Max(0, authority.LastIndexOf('@'))];
        if (user.Any(char.IsAsciiLetterOrDigit) && !user.Contains('{', StringComparison.Ordinal))
        {
            yield return new UrlSecret("in front of the host", user);
        }

        if (LiteralSecret.IsInPath(path))
        {
            yield return new UrlSecret("in its path", path);
        }

        foreach (var (name, value) in Pairs(query).Where(pair => isSecret(pair.Name, pair.Value)))
        {
            yield return new UrlSecret($"as {Shown.Of(name)}", value);
        }

        if (LiteralSecret.IsIn(fragment) || Pairs(fragment).Any(pair => isSecret(pair.Name, pair.Value)))
        {
            yield return new UrlSecret("behind the #", fragment);
        }
    }

    /// <summary>The names and values of a query, as they are sent, without those that are filled in elsewhere.</summary>
    public static IEnumerable<(string Name, string Value)> Pairs(string query) =>
        from pair in query.Split('&')
        let cut = Cut(pair, '=')
        where cut.Begin.Length > 0 && cut.End.Length > 0 && !pair.Contains('{', StringComparison.Ordinal)
        select (Uri.UnescapeDataString(cut.Begin), cut.End);

    private static (string Begin, string End) Cut(string text, char at) => text.Split(at, 2) is [var begin, var end] ? (begin, end) : (text, "");
}
