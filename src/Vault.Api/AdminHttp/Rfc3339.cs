using System.Globalization;
using System.Text.RegularExpressions;

namespace Vault.Api.AdminHttp;

/// <summary>Times as callers write them: RFC 3339 section 5.6, which takes t and z as well, and nothing that merely looks like a time.</summary>
internal static partial class Rfc3339
{
    /// <summary>Reads a time with an offset.</summary>
    public static bool TryParse(string? text, out DateTimeOffset time)
    {
        time = default;
        return text is not null && Form().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    // The parser would take 24:00:00.
    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
