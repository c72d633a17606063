using System.Globalization;
using System.Text;

namespace Vault.MicroBench;

/// <summary>Bodies as services send them, made from a fixed seed, and the secrets of a typical credential.</summary>
internal static class Texts
{
    /// <summary>
    /// A password, an API key, a token, a signing key, and two that were replaced; the seventh is as short as a secret may be. None of them
    /// stands in the bodies.
    /// </summary>
    public static readonly string[] Secrets =
    [
        "S3rvice-Pa55!", "ak_live_9fQ2mX7vKp41LzTd", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZXJ2aWNlIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
        "0f8e4c1d5b7a49d2a6c3e9f014b8d7c5", "Winter2025#old", "ak_live_0aB1cD2eF3gH4iJ5", "p4ssW0rd",
    ];

    private static readonly string[] Words =
    [
        "record", "customer", "account", "status", "active", "amount", "currency", "EUR", "created", "updated", "address", "street",
        "Service", "password reset", "token expired", "invoice", "line items", "total", "true", "null", "2025-11-26T14:02:17Z", "https",
    ];

    /// <summary>
    /// A body of a kind: <c>json</c>, <c>html</c>, <c>base64</c>, <c>text</c>, <c>form</c> (URL-encoded), <c>escaped</c> (JSON with an escape every
    /// few bytes) or <c>binary</c>.
    /// </summary>
    public static byte[] Body(string kind, int length)
    {
        // A generator of our own, so that every run and every machine has the same bodies.
        var state = 42UL;
        if (kind == "binary")
        {
            var bytes = new byte[length];
            for (var i = 0; i < length; i++)
            {
                bytes[i] = (byte)Next(256);
            }

            return bytes;
        }

        var text = new StringBuilder();
        while (text.Length < length)
        {
            var word = Words[Next(Words.Length)];
            _ = kind switch
            {
                "json" => text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{Next(int.MaxValue)},\"{word}\":\"{Words[Next(Words.Length)]}\",\"nested\":{{\"value\":{Next(1_000_000) / 1000.0}}}}},\n"),
                "html" => text.Append(CultureInfo.InvariantCulture, $"<div class=\"{word}\"><a href=\"/list?id={Next(int.MaxValue)}&amp;page=2\">{word} &ndash; {Words[Next(Words.Length)]}</a></div>\n"),
                "base64" => text.Append(Convert.ToBase64String(BitConverter.GetBytes(((long)Next(int.MaxValue) << 32) | (uint)Next(int.MaxValue)))),
                "text" => text.Append(CultureInfo.InvariantCulture, $"The {word} of the {Words[Next(Words.Length)]}, {word}. "),
                "form" => text.Append(CultureInfo.InvariantCulture, $"{word.Replace(' ', '+')}={Uri.EscapeDataString(Words[Next(Words.Length)])}&id={Next(int.MaxValue)}&note=a%2C%20b%20%7B{word.Replace(' ', '+')}%7D&"),
                "escaped" => text.Append(CultureInfo.InvariantCulture, $"\\\"{word}\\\": \\u00e9t\\u00e9 caf%C3%A9\\n"),
                _ => throw new ArgumentException(kind, nameof(kind)),
            };
        }

        return Encoding.UTF8.GetBytes(text.ToString())[..length];

        int Next(int below)
        {
            state = (state * 6364136223846793005) + 1442695040888963407;
            return (int)((state >> 33) % (ulong)below);
        }
    }
}
