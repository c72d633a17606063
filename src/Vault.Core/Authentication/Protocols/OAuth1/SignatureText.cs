using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Authentication.Signing;

namespace Vault.Core.Authentication.Protocols.OAuth1;

/// <summary>What is signed (RFC 5849 section 3.4.1), and the symmetric signatures.</summary>
internal static class SignatureText
{
    /// <summary>The signature base string.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="uri">As it is sent.</param>
    /// <param name="form">The body as a string of bytes, where it is a form; else null.</param>
    /// <param name="protocol">The <c>oauth_</c> parameters, without <c>oauth_signature</c> and <c>realm</c>.</param>
    public static string Make(string method, Uri uri, string? form, IReadOnlyList<(string Name, string Value)> protocol)
    {
        var text = uri.OriginalString;
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var address = question < 0 ? text : text[..question];
        var path = address.IndexOf('/', address.IndexOf("://", StringComparison.Ordinal) + 3);
        var host = uri.HostNameType is UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        var origin = $"{uri.Scheme}://{host}" + (uri.IsDefaultPort ? "" : $":{uri.Port}");
        var parameters = protocol
            .Select(pair => (Name: Encode(pair.Name), Value: Encode(pair.Value)))
            .Concat(question < 0 ? [] : Encoded(text[(question + 1)..]))
            .Concat(form is null ? [] : Encoded(form))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal)
            .ThenBy(pair => pair.Value, StringComparer.Ordinal)
            .Select(pair => pair.Name + "=" + pair.Value);
        return Encode(method.ToUpperInvariant()) + "&" + Encode(origin + (path < 0 ? "/" : address[path..])) + "&" + Encode(string.Join('&', parameters));
    }

    /// <summary>The HMAC or plain signature (sections 3.4.2 and 3.4.4).</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 5849 names HMAC-SHA1; the admin chose it.")]
    public static string Hash(string method, string consumerSecret, string tokenSecret, string signatureBase)
    {
        var key = Encode(consumerSecret) + "&" + Encode(tokenSecret);
        var keyBytes = Encoding.ASCII.GetBytes(key);
        var data = Encoding.UTF8.GetBytes(signatureBase);
        return method switch
        {
            "PLAINTEXT" => key,
            "HMAC-SHA256" => Convert.ToBase64String(HMACSHA256.HashData(keyBytes, data)),
            _ => Convert.ToBase64String(HMACSHA1.HashData(keyBytes, data)),
        };
    }

    /// <summary>Percent-encodes as section 3.6 wants it.</summary>
    public static string Encode(string text) => Uri.EscapeDataString(text);

    private static IEnumerable<(string Name, string Value)> Encoded(string form) =>
        form.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (Normal(pair), "") : (Normal(pair[..equals]), Normal(pair[(equals + 1)..]));
        });

    private static string Normal(string text) => EscapedBytes.Normalize(text, plusIsSpace: true);
}
