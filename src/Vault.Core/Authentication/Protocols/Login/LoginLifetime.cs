using System.Buffers.Text;
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

    /// <summary>What a service may say at most: more makes no sense, unless <c>lifetimeSeconds</c> caps it. Services say 2^31 - 1, or the year 9999, for "never".</summary>
    private const double FurthestLife = uint.MaxValue;

    private const int MaxJwtPart = 64 * 1024;

    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1);

    /// <summary>The beginning of the year 10000.</summary>
    private const double FurthestTime = 253_402_300_800;

    private static ReadOnlySpan<byte> JsonSpace => " \t\r\n"u8;

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

    /// <summary>Whether it is a value of this name that says when a token ends.</summary>
    public bool Names(string name) => new[] { ExpiresIn, ExpiresInMs, ExpiresAt }.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether it is a number or a time, and may say when a token ends.</summary>
    public static bool IsTime(string text) => ReadTime(text.Trim()) is not null;

    /// <summary>Finds the end; false where what the service said makes no sense, and the token must not be used.</summary>
    public bool TryFindEnd(IReadOnlyDictionary<string, string> values, DateTimeOffset now, out DateTimeOffset? end)
    {
        end = null;
        double? life;
        DateTimeOffset? at = null;
        var furthest = FurthestTime - SecondsOf(now);
        if (ExpiresAt is not null)
        {
            var seconds = ReadTime(values[ExpiresAt].Trim());
            (life, at) = (seconds - SecondsOf(now), TimeOf(seconds));
            if (life is null)
            {
                return false;
            }
        }
        else if ((ExpiresIn ?? ExpiresInMs) is { } name)
        {
            if (!TryReadNumber(values[name].Trim(), out var number))
            {
                return false;
            }

            life = ExpiresIn is null ? number / 1000 : number;
            furthest = FurthestLife;
        }
        else
        {
            var seconds = values.Values.Select(ReadJwtEnd).Min();
            (life, at) = (seconds - SecondsOf(now), TimeOf(seconds));
        }

        if (life is null && LifetimeSeconds is null)
        {
            return true;
        }

        if (life is { } lasts && !(lasts > 0 && (lasts <= furthest || LifetimeSeconds is not null)))
        {
            return false;
        }

        end = now.AddSeconds(Math.Min(Math.Min(life ?? MaxSeconds, LifetimeSeconds ?? MaxSeconds), MaxSeconds));
        if (at is { } said && life <= Math.Min(LifetimeSeconds ?? MaxSeconds, MaxSeconds) && (said - end.Value).Duration() < Rounding)
        {
            // Said as a time, it stays that very one: by way of seconds from now it would be off by what a double leaves out.
            end = said;
        }

        return true;
    }

    private static DateTimeOffset? TimeOf(double? seconds) =>
        seconds is > 0 && Math.Round(seconds.Value * 1000) is var milliseconds && milliseconds < FurthestTime * 1000
            ? DateTimeOffset.UnixEpoch.AddTicks((long)milliseconds * TimeSpan.TicksPerMillisecond)
            : null;

    private static double SecondsOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalSeconds;

    private static bool TryReadNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);

    private static double? ReadTime(string text)
    {
        if (TryReadNumber(text, out var number))
        {
            // Seconds until the year 5138, milliseconds from then on: no token lives that long either way.
            return number >= 1e11 ? number / 1000 : number;
        }

        return Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? SecondsOf(time) : null;
    }

    // Only read, never trusted for anything but when to renew.
    private static double? ReadJwtEnd(string text)
    {
        var parts = text.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }

        using var header = ReadObject(parts[0]);
        using var payload = header is null ? null : ReadObject(parts[1]);
        return payload is not null
            && payload.RootElement.TryGetProperty("exp", out var exp)
            && exp.ValueKind is JsonValueKind.Number
            && exp.TryGetDouble(out var seconds)
                ? seconds
                : null;
    }

    // Many values have two dots in them; few that are no JWT get as far as the parser.
    private static JsonDocument? ReadObject(string part)
    {
        if (part.Length > MaxJwtPart || !Base64Url.IsValid(part))
        {
            return null;
        }

        var json = Base64Url.DecodeFromChars(part);
        if (!json.AsSpan().TrimStart(JsonSpace).StartsWith("{"u8) || !UnicodeJson.IsUnicode(json))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Rfc3339();
}
