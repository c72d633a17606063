namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Joins a step's URL; contract section 9: with <c>https://h/api</c>, <c>/token</c> is <c>https://h/api/token</c>.</summary>
internal static class StepUrl
{
    /// <summary>A relative URL behind the named credential's; queries joined by <c>&amp;</c>.</summary>
    public static string Join(string baseUrl, string relative)
    {
        var (basePath, baseQuery) = Split(baseUrl);
        var (path, query) = Split(relative);
        return (basePath.EndsWith('/') ? basePath[..^1] : basePath) + path + Query(baseQuery, query);
    }

    /// <summary>The URL with further parameters.</summary>
    public static Uri Finish(string url, string query)
    {
        var (path, own) = Split(url);
        if (path.IndexOf('/', path.IndexOf("://", StringComparison.Ordinal) + 3) < 0)
        {
            // A request target is never empty.
            path += "/";
        }

        return new Uri(path + Query(own, query), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    private static (string Path, string Query) Split(string url)
    {
        var question = url.IndexOf('?', StringComparison.Ordinal);
        return question < 0 ? (url, "") : (url[..question], url[(question + 1)..]);
    }

    private static string Query(string one, string other) => (one.Length, other.Length) switch
    {
        (0, 0) => "",
        (0, _) => "?" + other,
        (_, 0) => "?" + one,
        _ => "?" + one + "&" + other,
    };
}
