using System.Text;

namespace Vault.Cli.Documents;

/// <summary>Reads text of a length that nobody vouches for.</summary>
internal static class BoundedText
{
    /// <summary>The most bytes.</summary>
    public const int MostBytes = 64 * 1024 * 1024;

    /// <summary>The text, in UTF-8; null where it is longer.</summary>
    /// <exception cref="DecoderFallbackException">It isn't UTF-8.</exception>
    public static string? Read(Stream stream)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if (kept.Length + read > MostBytes)
            {
                return null;
            }

            kept.Write(buffer, 0, read);
        }

        kept.Position = 0;
        using var reader = new StreamReader(kept, new UTF8Encoding(false, throwOnInvalidBytes: true));
        return reader.ReadToEnd();
    }
}
