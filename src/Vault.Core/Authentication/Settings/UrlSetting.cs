using Vault.Core.Definitions;

namespace Vault.Core.Authentication.Settings;

/// <summary>A setting that is an absolute URL, without merge fields, user info and fragment.</summary>
internal static class UrlSetting
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>
    /// The URL as requests go to it: one without a path has the path <c>/</c>, since a request target is never empty (RFC 9112 section 3.2.1) and System.Uri adds nothing here.
    /// </summary>
    public static Uri ToSend(Uri url)
    {
        var text = url.OriginalString;
        var end = text.AsSpan()[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].IndexOfAny('/', '?');
        end = end < 0 ? text.Length : end + text.IndexOf("://", StringComparison.Ordinal) + 3;
        return end < text.Length && text[end] == '/' ? url : new Uri(text.Insert(end, "/"), AsWritten);
    }

    /// <summary>Reads it; null where it is absent or refused.</summary>
    public static Uri? Read(SettingsReader settings, string property)
    {
        if (settings.Text(property) is not { } written)
        {
            return null;
        }

        var text = UrlOrigin.Sendable(written);
        if (UrlOrigin.Read(text) is not null
            && Uri.TryCreate(text, AsWritten, out var uri)
            && !text.Contains('#', StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal)
            && !text.Any(c => char.IsControl(c) || c is ' ' or > '~'))
        {
            return uri;
        }

        settings.Refuse(property, "Must be an absolute https URL without user info and fragment.");
        return null;
    }
}
