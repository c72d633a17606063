using System.Text;
using System.Text.Json;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>
/// Where a parameter's value is kept, if not here: <c>{ "source": "corp", "secret": "kv/billing", "field": "password" }</c>. It is sealed in the place of a
/// value, in a form that no value can have.
/// </summary>
/// <param name="Source">One of <c>Vault:SecretSources</c>.</param>
/// <param name="Secret">The secret's name or path there.</param>
/// <param name="Field">Which of several values that the secret holds, by its name; null: the secret is one value.</param>
/// <param name="Version">Which version of the secret; null: the current one.</param>
public sealed record SecretReference(string Source, string Secret, string? Field, string? Version)
{
    private const string Prefix = "\0vault-reference:";
    private const int MaxLength = 1024;
    private static readonly byte[] PrefixUtf8 = Encoding.UTF8.GetBytes(Prefix);
    private static readonly JsonSerializerOptions Compact = new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Whether this is the stored form of a reference, which no value may begin like.</summary>
    public static bool IsStored(ReadOnlySpan<byte> utf8) => utf8.StartsWith(PrefixUtf8);

    /// <summary>The same of text.</summary>
    public static bool IsStored(string? text) => text?.StartsWith(Prefix, StringComparison.Ordinal) is true;

    /// <summary>From its stored form; null where it is a value.</summary>
    public static SecretReference? TryRead(ReadOnlySpan<byte> stored)
    {
        if (!IsStored(stored))
        {
            return null;
        }

        var reader = new Utf8JsonReader(stored[PrefixUtf8.Length..]);
        using var json = JsonDocument.ParseValue(ref reader);
        return TryRead(json.RootElement, out var reference) is null ? reference : throw new InvalidDataException("The stored form of a reference can't be read.");
    }

    /// <summary>From what an admin sent: what is wrong with it, or null.</summary>
    public static ReferenceProblem? TryRead(JsonElement json, out SecretReference? reference)
    {
        reference = null;
        var sent = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            if (property.Name is not ("source" or "secret" or "field" or "version"))
            {
                return new ReferenceProblem("Unknown property; a reference is of source, secret, field and version.", property.Name);
            }

            if (property.Value.ValueKind is not JsonValueKind.String || property.Value.GetString() is not { Length: > 0 and <= MaxLength } text || text.Any(char.IsControl))
            {
                return new ReferenceProblem($"Must be a text of 1 to {MaxLength} characters, none of them a control character.", property.Name);
            }

            if (!sent.TryAdd(property.Name, text))
            {
                return new ReferenceProblem("Stands here twice.", property.Name);
            }
        }

        if (!sent.TryGetValue("source", out var source) || !sent.TryGetValue("secret", out var secret))
        {
            return new ReferenceProblem("Must be a text, or a reference, which names its source and secret.");
        }

        reference = new SecretReference(source, secret, sent.GetValueOrDefault("field"), sent.GetValueOrDefault("version"));
        return null;
    }

    /// <summary>As an admin sends it.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(new { source = Source, secret = Secret, field = Field, version = Version }, Compact);

    /// <summary>What is sealed in the place of a value.</summary>
    public string ToStored() => Prefix + JsonSerializer.Serialize(new { source = Source, secret = Secret, field = Field, version = Version }, Compact);

    /// <summary>What it refers to; not the value.</summary>
    public override string ToString() => $"{Source}: {Secret}";
}
