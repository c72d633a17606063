using System.Globalization;

namespace Vault.Core.Authentication.SignIns;

/// <summary>A cookie as a <c>Set-Cookie</c> header gives it (RFC 6265 section 5.2): it takes the place of an earlier one of the same name, domain and path.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; empty: many services end a session so.</param>
/// <param name="Domain">Whose it is; the host that was asked, where the header says nothing.</param>
/// <param name="Path">What it is for; the folder of what was asked, where the header says nothing.</param>
/// <param name="IsOver">Whether it is only there to take another one away.</param>
internal sealed record SetCookie(string Name, string Value, string Domain, string Path, bool IsOver)
{
    /// <summary>Reads a header.</summary>
    /// <param name="header">The header.</param>
    /// <param name="request">The URL that was asked.</param>
    /// <returns>The cookie; null where there is none.</returns>
    public static SetCookie? Parse(string header, Uri request)
    {
        var parts = header.Split(';');
        var pair = parts[0].Split('=', 2, StringSplitOptions.TrimEntries);
        if (pair.Length != 2)
        {
            return null;
        }

        var (domain, path) = (request.IdnHost, DefaultPath(request));
        bool? isOverByAge = null, isOverByDate = null;
        foreach (var part in parts.AsSpan(1))
        {
            // The last of a name counts, and what can't be read doesn't.
            var attribute = part.Split('=', 2, StringSplitOptions.TrimEntries);
            var value = attribute.Length == 2 ? attribute[1] : "";
            switch (attribute[0].ToUpperInvariant())
            {
                case "DOMAIN" when value.Length > 0:
                    domain = (value[0] == '.' ? value[1..] : value).ToLowerInvariant();
                    break;
                case "PATH":
                    path = value.StartsWith('/') ? value : DefaultPath(request);
                    break;
                case "MAX-AGE" when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds):
                    isOverByAge = seconds <= 0;
                    break;
                case "EXPIRES" when DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out var end):
                    // Long past: no clock is that wrong.
                    isOverByDate = end.Year < 2000;
                    break;
                default:
                    break;
            }
        }

        // Max-Age takes precedence (section 5.3).
        return new SetCookie(pair[0], pair[1], domain, path, isOverByAge ?? isOverByDate ?? false);
    }

    /// <summary>Never the value.</summary>
    public override string ToString() => Name + "=***";

    // Section 5.1.4.
    private static string DefaultPath(Uri request)
    {
        var path = request.AbsolutePath;
        return path.LastIndexOf('/') is > 0 and var end ? path[..end] : "/";
    }
}
