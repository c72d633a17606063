using System.Buffers;
using Vault.Core.Definitions;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Joins a step's URL; contract section 9: with <c>https://h/api</c>, <c>/token</c> is <c>https://h/api/token</c>.</summary>
internal static class StepUrl
{
    // RFC 3986 without the fragment, and what services take although it isn't in the RFC's list.
    private static readonly SearchValues<char> UrlCharacters =
        SearchValues.Create("-._~:/?[]@!$&'()*+,;=%|{}^`\"<>0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>A relative URL behind the named credential's; queries joined by <c>&amp;</c>.</summary>
    public static string Join(string baseUrl, string relative)
    {
        var (basePath, baseQuery) = Split(baseUrl);
        var (path, query) = Split(relative);
        return (basePath.EndsWith('/') ? basePath[..^1] : basePath) + path + Query(baseQuery, query);
    }

    /// <summary>The URL with further parameters; null where what was filled in would make it another origin's, or no URL at all.</summary>
    /// <param name="url">Absolute.</param>
    /// <param name="query">Joins its own.</param>
    /// <param name="origin">Whose scheme, host and port were judged.</param>
    public static Uri? Finish(string url, string query, Uri origin)
    {
        var (path, own) = Split(UrlOrigin.Sendable(url));
        if (path.IndexOf('/', path.IndexOf("://", StringComparison.Ordinal) + 3) < 0)
        {
            // A request target is never empty.
            path += "/";
        }

        // The URL is sent byte for byte, so it must hold only what may stand in a request target; a path that climbs is no path.
        var text = path + Query(own, query);
        return !text.AsSpan().ContainsAnyExcept(UrlCharacters) && !HasDotSegment(path)
            && Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out var uri)
            && uri.Scheme == origin.Scheme && uri.Port == origin.Port && uri.IdnHost == origin.IdnHost && uri.UserInfo.Length == 0
                ? uri
                : null;
    }

    /// <summary>Whether it could ever be sent: whether what stands in it as it is, with a letter in place of each field, may stand in a request target.</summary>
    /// <param name="literal">Relative, or absolute with an origin that was read.</param>
    public static bool IsSendable(string literal)
    {
        var target = literal.StartsWith('/') ? literal : literal[UrlOrigin.Cut(literal).Length..];
        return !target.AsSpan().ContainsAnyExcept(UrlCharacters) && !HasDotSegment(Split(target).Path);
    }

    private static bool HasDotSegment(string path) => path.Split('/').Any(segment =>
        segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase).Split(';')[0] is "." or "..");

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
