using Vault.Core.Authentication;

namespace Vault.Core.Callouts;

/// <summary>Joins a named credential's <c>url</c> with a caller's path and query, byte for byte; contract section 9.</summary>
public static class UpstreamUrl
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The request's URL.</summary>
    /// <param name="url">The resolved <c>url</c> of the named credential.</param>
    /// <param name="rawPath">The caller's path after the name: empty, or beginning with <c>/</c>.</param>
    /// <param name="rawQuery">The caller's query, without <c>?</c>; null if none.</param>
    /// <param name="injected">Parameters that the authorization adds; the caller's of these names go.</param>
    public static Uri Join(string url, string rawPath, string? rawQuery, IReadOnlyList<InjectedValue> injected)
    {
        var question = url.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? url : url[..question];
        var ownQuery = question < 0 ? null : url[(question + 1)..];

        // A slash at the end of the url's own path is dropped, unless it is all the path there is to be.
        if (rawPath.Length > 0)
        {
            path = string.Concat(path.EndsWith('/') ? path.AsSpan(0, path.Length - 1) : path, rawPath);
        }
        else if (path.IndexOf('/', path.IndexOf("://", StringComparison.Ordinal) + 3) < 0)
        {
            // A request target is never empty (RFC 9112 section 3.2.1), and System.Uri adds nothing here.
            path += "/";
        }

        var query = And(ownQuery, Without(rawQuery, injected));
        foreach (var parameter in injected)
        {
            query = And(query, Uri.EscapeDataString(parameter.Name) + "=" + (parameter.IsEscaped ? parameter.Value : Uri.EscapeDataString(parameter.Value)));
        }

        // The text is sent as it was judged: System.Uri must not decode, collapse or re-encode anything. A query that is there and
        // empty stays there.
        return new Uri(string.IsNullOrEmpty(query) && rawQuery is not "" && ownQuery is not "" ? path : string.Concat(path, "?", query), AsWritten);
    }

    private static string? And(string? left, string? right) =>
        string.IsNullOrEmpty(left) ? right : string.IsNullOrEmpty(right) ? left : string.Concat(left, "&", right);

    private static string? Without(string? query, IReadOnlyList<InjectedValue> injected)
    {
        if (string.IsNullOrEmpty(query) || injected.Count == 0)
        {
            return query;
        }

        return string.Join('&', query.Split('&').Where(pair =>
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = Uri.UnescapeDataString((equals < 0 ? pair : pair[..equals]).Replace('+', ' '));
            return !injected.Any(parameter => parameter.Name == name);
        }));
    }
}
