using System.Collections.Frozen;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>Which names settings may give to headers, query parameters, cookies and values. Each gives what is wrong, or null.</summary>
internal static class NameRules
{
    private const int MaxLength = 256;

    /// <summary>Headers that say how a message is framed or routed; a value of an admin's would break that.</summary>
    private static readonly FrozenSet<string> FramingHeaders = FrozenSet.ToFrozenSet(
    [
        "Connection", "Content-Length", "Expect", "Host", "HTTP2-Settings", "Keep-Alive", "Proxy-Authenticate",
        "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    ],
    StringComparer.OrdinalIgnoreCase);

    /// <summary>An HTTP token, and none of the headers that frame or route.</summary>
    public static string? Header(string name) => Token(name)
        ?? (FramingHeaders.Contains(name) ? "This header can't be set." : null);

    /// <summary>An HTTP token, as RFC 6265 wants a cookie's name to be.</summary>
    public static string? Cookie(string name) => Token(name);

    /// <summary>Not empty and without control characters; everything else is percent-encoded when it is sent.</summary>
    public static string? Query(string name) => name.Length is 0 or > MaxLength || name.Any(char.IsControl)
        ? "Must be 1 to 256 characters, none of them a control character."
        : null;

    /// <summary>The developer-name rule.</summary>
    public static string? Developer(string name) =>
        DeveloperName.TryParse(name, out _) ? null : "The name " + DeveloperName.Rule + ".";

    private static string? Token(string name) =>
        name.Length > MaxLength || !WireText.IsName(name)
            ? "Must be an HTTP token of 1 to 256 characters."
            : null;
}
