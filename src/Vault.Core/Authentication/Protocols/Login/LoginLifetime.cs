using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>When a token ends; contract section 9: <c>expiresAt</c>, <c>expiresIn…</c>, else the earliest <c>exp</c> of an extracted JWT; <c>lifetimeSeconds</c> caps any.</summary>
internal sealed partial record LoginLifetime(long? LifetimeSeconds, string? ExpiresIn, string? ExpiresInMs, string? ExpiresAt)
{
    private const long MaxSeconds = 10L * 366 * 24 * 3600;

    /// <summary>An <c>exp</c> beyond the year 5138 is read as then, which is refused unless <c>lifetimeSeconds</c> caps it.</summary>
    private const double Furthest = 1e11;

    /// <summary>Reads the settings.</summary>
    public static LoginLifetime Read(SettingsReader settings, IReadOnlyList<string> known)
    {
        return new LoginLifetime(
            settings.Integer("lifetimeSeconds", 1, MaxSeconds), Name("expiresIn"), Name("expiresInMs"), Name("expiresAt"));

        string? Name(string property)
        {
            var name = settings.Text(property);
            if (name is not null && !known.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                settings.Refuse(property, "Must be the name of an extracted value.");
                return null;
            }

            return name;
        }
    }

    /// <summary>Finds the end; false where what the service said makes no sense, and the token must not be used.</summary>
    public bool TryFindEnd(IReadOnlyDictionary<string, string> values, DateTimeOffset now, out DateTimeOffset? end)
    {
        end = null;
        if (ExpiresAt is not null)
        {
            if (ReadTime(values[ExpiresAt], now) is not { } at)
            {
                return false;
            }

            end = at;
        }
        else if ((ExpiresIn ?? ExpiresInMs) is { } name)
        {
            if (!double.TryParse(values[name], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            var seconds = ExpiresIn is null ? number / 1000 : number;
            if (seconds is not (> 0 and <= MaxSeconds))
            {
                return false;
            }

            end = now.AddSeconds(seconds);
        }
        else
        {
            end = values.Values.Select(ReadJwtEnd).Where(time => time is not null).Min();
        }

        if (LifetimeSeconds is { } cap && (end is null || end > now.AddSeconds(cap)))
        {
            end = now.AddSeconds(cap);
        }

        return end is null || (end > now && end <= now.AddSeconds(MaxSeconds));
    }

    private static DateTimeOffset? ReadTime(string text, DateTimeOffset now)
    {
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            // Seconds until the year 5138, milliseconds from then on: no token lives that long either way.
            var seconds = number >= 1e11 ? number / 1000 : number;
            return seconds <= now.ToUnixTimeSeconds() + (double)MaxSeconds ? DateTimeOffset.UnixEpoch.AddSeconds(seconds) : null;
        }

        return Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
    }

    // Only read, never trusted for anything but when to renew.
    private static DateTimeOffset? ReadJwtEnd(string text)
    {
        var parts = text.Split('.');
        if (parts.Length != 3 || !text.StartsWith("eyJ", StringComparison.Ordinal) || parts[1].Length > 64 * 1024)
        {
            return null;
        }

        try
        {
            var json = System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]);
            using var payload = JsonDocument.Parse(json);
            return UnicodeJson.IsUnicode(json) && payload.RootElement.ValueKind is JsonValueKind.Object
                && payload.RootElement.TryGetProperty("exp", out var exp)
                && exp.ValueKind is JsonValueKind.Number
                && exp.TryGetDouble(out var seconds)
                    ? DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(seconds, 0, Furthest))
                    : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Rfc3339();
}
