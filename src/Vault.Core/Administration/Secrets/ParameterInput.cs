using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Core.Administration.Secrets;

/// <summary>A parameter's value: a text, or a reference <c>{ "source", "secret", "field"?, "version"? }</c> to where it is kept (<c>Vault:SecretSources</c>).</summary>
[JsonConverter(typeof(Converter))]
public sealed class ParameterInput
{
    private ParameterInput(string? stored) => Stored = stored;

    /// <summary>What is sealed.</summary>
    public string? Stored { get; }

    private sealed class Converter : JsonConverter<ParameterInput>
    {
        public override ParameterInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var json = JsonDocument.ParseValue(ref reader);
            return ParameterValue.TryRead(json.RootElement, out var stored) is { } problem ? throw new ParameterInputException(problem) : new ParameterInput(stored);
        }

        // Secrets are never read back.
        public override void Write(Utf8JsonWriter writer, ParameterInput value, JsonSerializerOptions options) => throw new NotSupportedException();
    }
}
