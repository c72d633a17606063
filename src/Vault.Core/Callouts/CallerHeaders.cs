using System.Collections.Frozen;

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

    private static readonly FrozenSet<string> MethodOverrides = new[]
    {
        "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header may go upstream.</summary>
    /// <param name="name">The header.</param>
    /// <param name="connectionOptions">What the caller's <c>Connection</c> header names.</param>
    /// <param name="dropMethodOverrides">True where <c>allowedRequests</c> is set: the method that was judged is the method that counts.</param>
    public static bool IsForwarded(string name, IReadOnlySet<string> connectionOptions, bool dropMethodOverrides) =>
        !name.StartsWith(':')
        && !NeverForwarded.Contains(name)
        && !name.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase)
        && !name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
        && !connectionOptions.Contains(name)
        && !(dropMethodOverrides && MethodOverrides.Contains(name));
}
