using System.Globalization;
using Vault.Core.Audit;

namespace Vault.Api.Admin.Audit;

/// <summary>The token of a page of the audit: where the page before ended, and where the list does, as in <c>8.12</c>.</summary>
internal static class AuditPageToken
{
    /// <summary>For what comes behind this record, in a list of what there was up to that one.</summary>
    public static string Of(long before, long last) => string.Create(CultureInfo.InvariantCulture, $"{before}.{last}");

    /// <summary>Reads one. A number by itself, as they once were, doesn't say where the list ends.</summary>
    public static bool TryParse(string? token, out AuditPlace place)
    {
        var parts = (token ?? "").Split('.');
        var isOne = TryRead(parts[0], out var before);
        long? last = null;
        if (parts.Length > 1)
        {
            isOne &= TryRead(parts[1], out var number) && parts.Length == 2;
            last = number;
        }

        place = new AuditPlace(last, before);
        return isOne;
    }

    // What somebody forged may have a number below 1.
    private static bool TryRead(string text, out long number) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
