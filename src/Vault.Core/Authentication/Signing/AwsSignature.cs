using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Authentication.Signing;

/// <summary>AWS Signature Version 4 (AWS documentation, "Create a signed AWS API request").</summary>
internal static class AwsSignature
{
    /// <summary>The hash of a body that isn't signed; S3 takes it.</summary>
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    /// <summary>Whose signature, for what and when.</summary>
    /// <param name="AccessKeyId">The key's id.</param>
    /// <param name="SecretAccessKey">The key.</param>
    /// <param name="Region">As in <c>eu-west-1</c>.</param>
    /// <param name="Service">As in <c>s3</c>.</param>
    /// <param name="Now">The time.</param>
    internal sealed record Signer(string AccessKeyId, string SecretAccessKey, string Region, string Service, DateTimeOffset Now)
    {
        /// <summary>Never the key.</summary>
        public override string ToString() => nameof(Signer);
    }

    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>A request's time as in <c>X-Amz-Date</c>.</summary>
    public static string TimeOf(DateTimeOffset now) => now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads such a time; false where it is none.</summary>
    public static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    /// <summary>Whether S3's rules are a service's (AWS SDKs, "signingName" of its endpoints): S3 itself, directory buckets, Outposts and Object Lambda.</summary>
    public static bool IsS3(string service) => service is "s3" or "s3express" or "s3-outposts" or "s3-object-lambda";

    /// <summary>The hash of a body.</summary>
    public static string HashOf(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    /// <summary>The <c>Authorization</c> header, and the signature in it.</summary>
    /// <param name="signer">Who signs.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">The path as it is sent.</param>
    /// <param name="query">The query as it is sent, without <c>?</c>.</param>
    /// <param name="headers">The headers to sign, <c>Host</c> and <c>X-Amz-Date</c> among them; values as strings of bytes.</param>
    /// <param name="bodyHash">See <see cref="HashOf"/> and <see cref="UnsignedPayload"/>.</param>
    public static (string Header, string Signature) Make(
        Signer signer, string method, string path, string query, IEnumerable<KeyValuePair<string, string>> headers, string bodyHash)
    {
        var canonical = Canonical(signer.Service, method, path, query, headers, bodyHash, out var signedHeaders);
        var time = TimeOf(signer.Now);
        var scope = $"{time[..8]}/{signer.Region}/{signer.Service}/aws4_request";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{HashOf(Encoding.Latin1.GetBytes(canonical))}";

        var key = Encoding.UTF8.GetBytes("AWS4" + signer.SecretAccessKey);
        foreach (var part in new[] { time[..8], signer.Region, signer.Service, "aws4_request", toSign })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var signature = Convert.ToHexStringLower(key);
        return ($"AWS4-HMAC-SHA256 Credential={signer.AccessKeyId}/{scope}, SignedHeaders={signedHeaders}, Signature={signature}", signature);
    }

    /// <summary>The canonical request.</summary>
    internal static string Canonical(
        string service, string method, string path, string query, IEnumerable<KeyValuePair<string, string>> headers, string bodyHash, out string signedHeaders)
    {
        var lines = headers
            .GroupBy(header => header.Key.ToLowerInvariant(), header => header.Value, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)

            // As they are sent: several values of a name in one line.
            .Select(group => (Name: group.Key, Value: Collapse(string.Join(", ", group))))
            .ToArray();
        signedHeaders = string.Join(';', lines.Select(line => line.Name));
        return string.Join('\n', method, Path(service, path), Query(query), string.Concat(lines.Select(line => $"{line.Name}:{line.Value}\n")), signedHeaders, bodyHash);
    }

    // S3 encodes once and keeps empty segments; every other service encodes what is sent once more, after normalizing.
    private static string Path(string service, string path)
    {
        if (IsS3(service))
        {
            return string.Join('/', path.Split('/').Select(segment => EscapedBytes.Normalize(segment, plusIsSpace: false)));
        }

        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString);
        var joined = "/" + string.Join('/', segments);
        return joined.Length > 1 && path.EndsWith('/') ? joined + "/" : joined;
    }

    private static string Query(string query) => string.Join('&', query
        .Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair =>
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (Name: Encode(pair), Value: "") : (Name: Encode(pair[..equals]), Value: Encode(pair[(equals + 1)..]));
        })
        .OrderBy(pair => pair.Name, StringComparer.Ordinal)
        .ThenBy(pair => pair.Value, StringComparer.Ordinal)
        .Select(pair => pair.Name + "=" + pair.Value));

    private static string Encode(string text) => EscapedBytes.Normalize(text, plusIsSpace: true);

    // Spaces alone: a tab, or what else is white space to Unicode, is sent and signed as it is.
    private static string Collapse(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
