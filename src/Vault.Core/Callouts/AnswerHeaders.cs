using System.Collections.Frozen;

namespace Vault.Core.Callouts;

/// <summary>Which headers of an upstream's answer reach the caller, and how they change; contract sections 5 and 9.</summary>
public static class AnswerHeaders
{
    private static readonly FrozenSet<string> NeverForwarded = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Alt-Svc", "Strict-Transport-Security", "Clear-Site-Data",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Headers that say something about the bytes as they were before the vault decoded them.</summary>
    private static readonly FrozenSet<string> OfEncodedBytes = new[]
    {
        "Content-Encoding", "Content-Length", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // What says how to read a message has no place behind it (RFC 9110 section 6.5.1): some readers put trailers among the headers.
    private static readonly FrozenSet<string> OfTheHead =
        new[] { "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Host" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header (or trailer) of the answer reaches the caller.</summary>
    public static bool IsForwarded(string name, IReadOnlySet<string> connectionOptions) =>
        !NeverForwarded.Contains(name)
        && !name.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase)
        && !connectionOptions.Contains(name);

    /// <summary>Whether a header can't stand behind the body.</summary>
    public static bool IsOfTheHead(string name) => OfTheHead.Contains(name);

    /// <summary>Whether the header no longer holds once the body was decoded.</summary>
    public static bool IsOfEncodedBytes(string name) => OfEncodedBytes.Contains(name);

    /// <summary>A strong entity tag turned weak, for a body that isn't byte for byte upstream's.</summary>
    public static string Weaken(string entityTag) =>
        entityTag.StartsWith("W/", StringComparison.Ordinal) ? entityTag : "W/" + entityTag;

    /// <summary>
    /// A cookie as the caller may keep it: without <c>Domain</c>, and with a <c>Path</c> below the named credential, so that
    /// cookies of one service never go to another.
    /// </summary>
    /// <param name="setCookie">As upstream sent it.</param>
    /// <param name="prefix">The path of the named credential, as the caller spells it.</param>
    public static string RewriteCookie(string setCookie, ReadOnlySpan<char> prefix)
    {
        var parts = setCookie.Split(';');
        var kept = new List<string>(parts.Length + 1) { parts[0] };
        var path = "/";
        foreach (var part in parts.AsSpan(1))
        {
            var attribute = part.AsSpan().Trim();
            var equals = attribute.IndexOf('=');
            var name = (equals < 0 ? attribute : attribute[..equals]).Trim();
            if (name.Equals("Domain", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (name.Equals("Path", StringComparison.OrdinalIgnoreCase))
            {
                var value = equals < 0 ? [] : attribute[(equals + 1)..].Trim();
                path = value.Length > 0 && value[0] == '/' ? value.ToString() : "/";
                continue;
            }

            kept.Add(part);
        }

        kept.Add(string.Concat(" Path=", prefix, path == "/" ? "" : path));
        return string.Join(';', kept);
    }
}
