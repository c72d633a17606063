using Vault.Core.Definitions;

namespace Vault.Core.Authentication.Settings;

/// <summary>A setting that is an absolute URL, without merge fields, user info and fragment.</summary>
internal static class UrlSetting
{
    /// <summary>Reads it; null where it is absent or refused.</summary>
    public static Uri? Read(SettingsReader settings, string property)
    {
        if (settings.Text(property) is not { } text)
        {
            return null;
        }

        if (UrlOrigin.Read(text) is not null
            && Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out var uri)
            && !text.Contains('#', StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal)
            && !text.Any(c => char.IsControl(c) || c is ' ' or > '~'))
        {
            return uri;
        }

        settings.Refuse(property, "Must be an absolute https URL without user info and fragment.");
        return null;
    }
}
