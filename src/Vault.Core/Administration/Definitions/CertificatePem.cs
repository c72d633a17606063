using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Vault.Core.Administration.Definitions;

/// <summary>PEM of certificates, which everybody may read who may read definitions.</summary>
internal static class CertificatePem
{
    private const int MaxLength = 256 * 1024;
    private const string Begin = "-----BEGIN ";

    /// <summary>The text without what stands beside its certificates, which may be anything; null where it has none, or has something else that is PEM.</summary>
    public static string? Read(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var kept = new StringBuilder(text.Length);
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var block))
        {
            if (!rest[block.Label].SequenceEqual("CERTIFICATE") || !TryAppendBeside(kept, rest[..block.Location.Start.Value]))
            {
                return null;
            }

            kept.Append(rest[block.Location]);
            rest = rest[block.Location.End.Value..];
        }

        return TryAppendBeside(kept, rest) && kept.ToString() is var pem && HasCertificates(pem) ? pem : null;
    }

    // Of a key it is said rather than left out that it stands where it can be read, also where its block is cut off or has headers.
    private static bool TryAppendBeside(StringBuilder kept, ReadOnlySpan<char> text)
    {
        if (text.Contains(Begin, StringComparison.Ordinal))
        {
            return false;
        }

        kept.Append(text.IsWhiteSpace() ? text : "\n");
        return true;
    }

    private static bool HasCertificates(string pem)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            return certificates.Count > 0;
        }
        catch (Exception exception) when (exception is CryptographicException or NotSupportedException or ArgumentException)
        {
            return false;
        }
    }
}
