using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Vault.Testing;

/// <summary>The oracle of every test for leaks: a secret in all the forms in which it could stand somewhere.</summary>
public static class SecretForms
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Raw and JSON-, URL-, HTML-, base64- (standard and URL, three alignments), hex- and UTF-16-encoded, each as Latin-1 bytes of what stands in a file.</summary>
    public static IReadOnlyList<string> Of(string secret)
    {
        var utf8 = Encoding.UTF8.GetBytes(secret);
        List<string> forms =
        [
            secret,
            JsonSerializer.Serialize(secret)[1..^1],
            JsonSerializer.Serialize(secret, Relaxed)[1..^1],
            Uri.EscapeDataString(secret),
            LowerEscapes(Uri.EscapeDataString(secret)),
            WebUtility.UrlEncode(secret),
            WebUtility.HtmlEncode(secret),
            HtmlEncoder.Default.Encode(secret),
            Convert.ToHexString(utf8),
            Convert.ToHexStringLower(utf8),
            Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(secret)),
            Encoding.Latin1.GetString(Encoding.BigEndianUnicode.GetBytes(secret)),
        ];
        for (var shift = 0; shift < 3; shift++)
        {
            // Only what doesn't depend on the neighbours.
            var text = Convert.ToBase64String([.. new byte[shift], .. utf8]);
            var stable = text[(shift == 0 ? 0 : 4)..^4];
            forms.Add(stable);
            forms.Add(stable.Replace('+', '-').Replace('/', '_'));
        }

        return [.. forms.Concat(forms.Select(form => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(form)))).Where(form => form.Length >= 6).Distinct()];
    }

    /// <summary>Throws where one of the secrets stands in the text in any form; the message says which, and what is around it.</summary>
    public static void AssertAbsent(string text, string where, params IEnumerable<string> secrets)
    {
        foreach (var secret in secrets)
        {
            foreach (var form in Of(secret))
            {
                var at = text.IndexOf(form, StringComparison.Ordinal);
                if (at >= 0)
                {
                    throw new InvalidOperationException(
                        $"{secret} stands in {where} as {form}: …{text.Substring(Math.Max(0, at - 200), Math.Min(text.Length - Math.Max(0, at - 200), 400))}…");
                }
            }
        }
    }

    /// <summary>The same for every file below a directory, save the lock, which is empty and held by a vault that runs.</summary>
    public static async Task AssertAbsentFromFilesAsync(string directory, params IEnumerable<string> secrets)
    {
        var all = secrets.ToArray();
        foreach (var file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory);
            AssertAbsent(Encoding.Latin1.GetString(memory.GetBuffer(), 0, (int)memory.Length), file, all);
        }
    }

    private static string LowerEscapes(string text) =>
        string.Concat(text.Select((c, i) => (i >= 1 && text[i - 1] == '%') || (i >= 2 && text[i - 2] == '%') ? char.ToLowerInvariant(c) : c));
}
