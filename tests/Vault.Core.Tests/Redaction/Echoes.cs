using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Vault.Core.Tests.Redaction;

/// <summary>The forms in which an upstream may echo a secret, each with the text that must go.</summary>
internal static class Echoes
{
    public static IEnumerable<(string Name, byte[] Echo)> Of(string secret)
    {
        var utf8 = Encoding.UTF8.GetBytes(secret);
        yield return ("raw", utf8);
        yield return ("json", Ascii(JsonSerializer.Serialize(secret)[1..^1]));
        yield return ("json u", Ascii(string.Concat(secret.Select((c, i) => "\\u" + Form(c, i % 2 == 0 ? "x4" : "X4")))));
        yield return ("json mixed", Encoding.UTF8.GetBytes(string.Concat(secret.EnumerateRunes().Select((r, i) =>
            i % 2 == 0 && r.Value is not ('\\' or '"') ? r.ToString() : string.Concat(r.ToString().Select(c => $"\\u{(int)c:x4}"))))));
        yield return ("json slash", Encoding.UTF8.GetBytes(secret.Replace("\\", "\\\\").Replace("/", "\\/").Replace("\"", "\\\"")));
        yield return ("url", Ascii(Uri.EscapeDataString(secret)));
        yield return ("form", Ascii(WebUtility.UrlEncode(secret)));
        yield return ("url all", Ascii(string.Concat(utf8.Select((b, i) => "%" + Form(b, i % 2 == 0 ? "x2" : "X2")))));
        yield return ("html", Encoding.UTF8.GetBytes(WebUtility.HtmlEncode(secret)));
        yield return ("html names", Encoding.UTF8.GetBytes(WebUtility.HtmlEncode(secret)
            .Replace("&#228;", "&auml;", StringComparison.Ordinal).Replace("&#246;", "&ouml;", StringComparison.Ordinal).Replace("&#223;", "&szlig;", StringComparison.Ordinal)
            .Replace("&#233;", "&eacute;", StringComparison.Ordinal).Replace("\u20ac", "&euro;", StringComparison.Ordinal)));
        yield return ("html decimal", Ascii(string.Concat(secret.EnumerateRunes().Select((r, i) => $"&#{new string('0', i % 4)}{r.Value};"))));
        yield return ("html hex", Ascii(string.Concat(secret.EnumerateRunes().Select((r, i) => $"&#{"xX"[i % 2]}{(i % 2 == 0 ? Form(r.Value, "x") : Form(r.Value, "X3"))};"))));
        yield return ("hex", Ascii(Convert.ToHexStringLower(utf8)));
        yield return ("HEX", Ascii(Convert.ToHexString(utf8)));
        yield return ("hEx", Ascii(string.Concat(Convert.ToHexString(utf8).Select((c, i) => i % 3 == 0 ? char.ToLowerInvariant(c) : c))));
    }

    /// <summary>The base64 of the secret in the midst of other bytes, and which of its characters hold bits of the secret.</summary>
    public static (string Text, int From, int To) Base64(string secret, byte[] before, byte[] after, bool url, bool padded)
    {
        var utf8 = Encoding.UTF8.GetBytes(secret);
        var text = Convert.ToBase64String([.. before, .. utf8, .. after]);
        text = url ? text.Replace('+', '-').Replace('/', '_') : text;
        var from = before.Length * 8 / 6;
        var to = (((before.Length + utf8.Length) * 8) + 5) / 6;
        return (padded ? text : text.TrimEnd('='), from, after.Length == 0 && padded ? text.Length : to);
    }

    private static string Form(int value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
