using System.Text.Json;
using System.Text.Unicode;

namespace Vault.Core.Primitives;

/// <summary>
/// Tells JSON whose names and texts are Unicode from JSON that only looks like it: bytes that aren't UTF-8, or <c>\ud800</c> alone.
/// The platform reads both and throws later, wherever such a text is used.
/// </summary>
public static class UnicodeJson
{
    /// <summary>Whether every name and text in it is Unicode. What isn't JSON at all is left to whoever parses it.</summary>
    /// <param name="json">The bytes.</param>
    public static bool IsUnicode(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return false;
        }

        if (json.IndexOf("\\u"u8) < 0)
        {
            return true;
        }

        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (JsonException)
        {
            return true;
        }

        return true;
    }
}
