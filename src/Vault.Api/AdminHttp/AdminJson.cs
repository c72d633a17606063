using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Api.AdminHttp;

/// <summary>The JSON of the admin API: strict to read, times in UTC.</summary>
internal static class AdminJson
{
    /// <summary>For reading.</summary>
    public static JsonSerializerOptions Options { get; } = Make(maxDepth: 32);

    /// <summary>For writing: what was as deep as may be read stands deeper in an answer.</summary>
    public static JsonSerializerOptions Written { get; } = Make(maxDepth: 64);

    private static JsonSerializerOptions Make(int maxDepth)
    {
        var options = new JsonSerializerOptions(JsonSerializerOptions.Strict)
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            MaxDepth = maxDepth,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new UtcTimeConverter());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>RFC 3339, always written in UTC with a Z.</summary>
    private sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType is JsonTokenType.String && Rfc3339.TryParse(reader.GetString(), out var time)
                ? time.ToUniversalTime()
                : throw new JsonException("Must be an RFC 3339 time with an offset.");

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture));
    }
}
