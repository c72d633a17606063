using System.Text.RegularExpressions;

namespace Vault.Cli.Import;

/// <summary>Finds secrets that stand in metadata as plain text, as in <c>Bearer 7f3a…</c>: they must not get into a definitions file too.</summary>
/// <param name="Prefix">What stands before it and is none, as <c>Bearer </c>.</param>
internal sealed partial record LiteralSecret(string Prefix)
{
    private static readonly string[] HarmlessNames =
        ["accept", "content-", "user-agent", "version", "cache-control", "prefer", "origin", "referer", "x-requested-with", "soapaction", "x-http-method"];

    private static readonly string[] TellingNames =
        ["authorization", "cookie", "key", "token", "secret", "passw", "pwd", "signature", "auth", "credential", "session"];

    /// <summary>The secret in the text of a header or a query parameter; null where there is none.</summary>
    /// <param name="name">Of the header or query parameter.</param>
    /// <param name="text">Its text, or a part of it.</param>
    public static LiteralSecret? Find(string name, string text)
    {
        var prefix = Scheme().Match(text).Value;
        var rest = text[prefix.Length..].Trim();
        var isHarmless = HarmlessNames.Any(harmless => name.Contains(harmless, StringComparison.OrdinalIgnoreCase));
        var isTelling = TellingNames.Any(telling => name.Contains(telling, StringComparison.OrdinalIgnoreCase));
        return !isHarmless && !rest.Any(char.IsWhiteSpace) && (isTelling ? IsSecretWhereOneIsDue(rest) : LooksRandom(rest)) ? new LiteralSecret(prefix) : null;
    }

    /// <summary>Whether a word of any text, as a name or a segment of a path, looks like a secret.</summary>
    public static bool IsIn(string text) => text.Split([' ', '/', '\t', '\n', '\r', ',', ';', '&', '='], StringSplitOptions.RemoveEmptyEntries).Any(LooksRandom);

    /// <summary>Whether a segment of a path looks like a secret. A GUID doesn't: it is a tenant or a record more often.</summary>
    public static bool IsInPath(string path) => path.Split('/').Any(segment => !Guid.TryParseExact(segment, "D", out _) && IsIn(segment));

    // Only letters is a word, as in the text before a field ("Bearer"), unless it is a long one.
    private static bool IsSecretWhereOneIsDue(string text) => text.Length >= 6 && (!text.All(char.IsAsciiLetter) || text.Length >= 16);

    private static bool LooksRandom(string text) =>
        text.Length >= 12 && text.Any(char.IsAsciiDigit) && text.Any(char.IsAsciiLetter) && !Ordinary().IsMatch(text)
        && (text.Length >= 20 || text.Any(char.IsAsciiLetterUpper) || text.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/')));

    [GeneratedRegex(@"^(https?://.*|[a-z]+/[a-z0-9.+-]+(;.*)?|v?[0-9]+([.-][0-9A-Za-z]+)*|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Ordinary();

    // A scheme before the secret proper.
    [GeneratedRegex(@"^\s*[A-Za-z][A-Za-z-]{1,20}\s+", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Scheme();
}
