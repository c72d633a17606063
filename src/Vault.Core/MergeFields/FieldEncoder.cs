using System.Buffers;
using System.Globalization;
using System.Text;
using Vault.Core.MergeFields.Escaping;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>Writes a field's value into a body: escaped for its kind, in its charset.</summary>
internal static class FieldEncoder
{
    /// <summary>Resolves and writes; null or the failure, and then nothing was written.</summary>
    public static VaultError? Write(MergeField field, IMergeScope scope, MergeBodyFormat format, IBufferWriter<byte> output)
    {
        var result = field.Resolve(scope, format.Escaping);
        if (!result.IsOk)
        {
            return result.Error;
        }

        var text = result.Value.Text;
        if (result.Value.IsSecret && scope is IMergeMask)
        {
            // A mask is only looked at, and whoever looks reads UTF-8, whatever the charset of the body.
            Encoding.UTF8.GetBytes(text, output);
            return null;
        }

        if (format.Charset is BodyCharset.Utf8)
        {
            var escaped = LandingText.Escape(text, result.Value.Escaping);
            Encoding.UTF8.GetBytes(escaped, output);
            NoteEscaped(result.Value, escaped, scope);
            return null;
        }

        // In a form the bytes of the charset are what is percent-encoded, so that the charset comes first there.
        if (result.Value.Escaping is not MergeEscaping.Form)
        {
            text = LandingText.Escape(text, result.Value.Escaping);
        }

        var encoded = ToCharset(text, format);
        if (encoded is null)
        {
            return MergeErrors.Invalid($"the value of {field.Name} has a character that the body's charset lacks", field.At);
        }

        var value = result.Value.Text;
        if (result.Value.IsSecret && !Ascii.IsValid(value))
        {
            // An echo has the bytes of this charset: as they are sent, and as whoever reads the body takes them.
            scope.OnSecretProduced(Encoding.Latin1.GetBytes(encoded));
            if (value.AsSpan().IndexOfAnyExceptInRange('\0', '\xFF') < 0)
            {
                scope.OnSecretProduced(Encoding.Latin1.GetBytes(value));
            }
        }

        if (result.Value.Escaping is MergeEscaping.Form)
        {
            encoded = PercentText.Escape(Encoding.Latin1.GetBytes(encoded));
            NoteEscaped(result.Value, encoded, scope);
        }
        else if (Ascii.IsValid(value))
        {
            NoteEscaped(result.Value, encoded, scope);
        }

        Encoding.Latin1.GetBytes(encoded, output);
        return null;
    }

    /// <summary>
    /// Whoever encodes the whole body once more (a service that shows it as a JSON string, or in base64) has the value as it was escaped.
    /// </summary>
    public static void NoteEscaped(FieldResult value, string escaped, IMergeScope scope)
    {
        if (value.IsSecret && escaped != value.Text)
        {
            scope.OnSecretEscaped(Encoding.UTF8.GetBytes(value.Text), Encoding.UTF8.GetBytes(escaped));
        }
    }

    /// <summary>The text with what the charset lacks as character references; null where the kind of body has none.</summary>
    private static string? ToCharset(string text, MergeBodyFormat format)
    {
        var last = format.Charset is BodyCharset.Ascii ? '\x7F' : '\xFF';
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', last) < 0)
        {
            return text;
        }

        if (!format.IsJson && !format.IsMarkup)
        {
            return null;
        }

        var result = new StringBuilder(text.Length + 32);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value <= last)
            {
                result.Append((char)rune.Value);
            }
            else if (format.IsMarkup)
            {
                result.Append(CultureInfo.InvariantCulture, $"&#{rune.Value};");
            }
            else
            {
                foreach (var unit in rune.ToString())
                {
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
                }
            }
        }

        return result.ToString();
    }
}
