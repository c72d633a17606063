using System.Text.Json;

namespace Vault.Core.Authentication.Settings;

/// <summary>The setting <c>refreshOn</c>: upstream answers that mean that the token is dead; 401 where it is absent.</summary>
internal static class RefreshOnSetting
{
    /// <summary>What counts where nothing is said.</summary>
    public static IReadOnlyList<DeadTokenSign> Default { get; } = [new DeadTokenSign(401, null)];

    /// <summary>Reads it.</summary>
    public static IReadOnlyList<DeadTokenSign> Read(SettingsReader settings, SettingsErrors errors)
    {
        if (!settings.Has("refreshOn"))
        {
            settings.Any("refreshOn");
            return Default;
        }

        var signs = new List<DeadTokenSign>();
        foreach (var (element, path) in settings.Array("refreshOn"))
        {
            if (element.ValueKind is JsonValueKind.Number && element.TryGetInt32(out var status) && status is >= 100 and <= 599)
            {
                signs.Add(new DeadTokenSign(status, null));
            }
            else if (element.ValueKind is JsonValueKind.Object)
            {
                var reader = SettingsReader.At(element, path, errors);
                if (!reader.Has("status"))
                {
                    reader.Refuse("status", "Is required.");
                }

                var objectStatus = reader.Integer("status", 100, 599);
                var text = reader.Text("bodyContains", required: true);
                reader.Complete();
                signs.Add(new DeadTokenSign((int)(objectStatus ?? 401), text));
            }
            else
            {
                errors.Add(path, "Must be a status from 100 to 599, or an object of status and bodyContains.");
            }
        }

        return signs;
    }
}
