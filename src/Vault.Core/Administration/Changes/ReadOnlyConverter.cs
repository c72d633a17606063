using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Core.Administration.Changes;

/// <summary>Reads a property that only the vault writes: whatever stands there is known to stand there, and is never looked at.</summary>
/// <typeparam name="T">As it is documented.</typeparam>
/// <param name="present">What stands for it.</param>
internal abstract class ReadOnlyConverter<T>(T present) : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return present;
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw new NotSupportedException();
}

/// <summary>Of a text.</summary>
internal sealed class ReadOnlyText() : ReadOnlyConverter<string>("");

/// <summary>Of a list of texts.</summary>
internal sealed class ReadOnlyTexts() : ReadOnlyConverter<IReadOnlyList<string>>([]);
