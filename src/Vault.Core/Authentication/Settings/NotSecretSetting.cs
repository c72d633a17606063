using System.Collections.Frozen;
using System.Text.Json;

namespace Vault.Core.Authentication.Settings;

/// <summary>The setting <c>notSecret</c>: parameters whose echo is not redacted.</summary>
internal static class NotSecretSetting
{
    /// <summary>Reads it; empty where it is absent.</summary>
    public static FrozenSet<string> Read(SettingsReader settings, SettingsErrors errors)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (element, path) in settings.Array("notSecret"))
        {
            if (element.ValueKind != JsonValueKind.String)
            {
                errors.Add(path, "Must be a string.");
            }
            else if (NameRules.Developer(element.GetString() ?? "") is { } mistake)
            {
                errors.Add(path, mistake);
            }
            else if (!names.Add(element.GetString() ?? ""))
            {
                errors.Add(path, "Stands here twice.");
            }
        }

        return names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }
}
