using System.Collections.Frozen;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>Which of the caller's headers go upstream; contract section 5.</summary>
public static class CallerHeaders
{
    /// <summary>Headers of one connection, not of the request (RFC 9110 section 7.6.1), and those that the vault's own client sets.</summary>
    private static readonly FrozenSet<string> NeverForwarded = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Host", "Content-Length", "X-Content-Length", "Expect", "Forwarded",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Headers by which frameworks let a request name another method, or another path, than its first line does.</summary>
    private static readonly FrozenSet<string> Overrides = new[]
    {
        "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Original-Method", "X-Original-URL", "X-Rewrite-URL",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names in <c>Connection</c> headers: what is of one connection, too.</summary>
    public static HashSet<string> OptionsIn(IEnumerable<string?> values) => values
        .SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header may go upstream; a name with underscores is judged as the one with hyphens.</summary>
    /// <param name="header">Its name.</param>
    /// <param name="connectionOptions">What the caller's <c>Connection</c> header names.</param>
    /// <param name="dropOverrides">True where <c>allowedRequests</c> is set: the method and path that were judged are those that count.</param>
    public static bool IsForwarded(string header, IReadOnlySet<string> connectionOptions, bool dropOverrides)
    {
        var name = WireText.Canonical(header);
        return !name.StartsWith(':')
            && !NeverForwarded.Contains(name)
            && !name.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase)
            && !name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
            && !connectionOptions.Contains(header)
            && !(dropOverrides && Overrides.Contains(name));
    }
}
