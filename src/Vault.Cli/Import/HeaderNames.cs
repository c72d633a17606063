using System.Text.RegularExpressions;

namespace Vault.Cli.Import;

/// <summary>Names of headers that an external credential may set.</summary>
internal static partial class HeaderNames
{
    private static readonly string[] Framing = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Expect"];

    /// <summary>Whether it is one, and not the vault's own business.</summary>
    public static bool IsFit(string name) => Token().IsMatch(name) && !Framing.Contains(name, StringComparer.OrdinalIgnoreCase);

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Token();
}
