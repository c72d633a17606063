using Microsoft.Extensions.Primitives;

namespace Vault.Core.Callouts.Paths;

/// <summary>
/// Refuses HTTP/1.x requests whose end two servers could see in different places (request smuggling): what the server itself lets
/// through. See docs/decisions/0007-strict-heads.md.
/// </summary>
public static class StrictRequestFraming
{
    /// <summary>Why the request is refused, in a sentence; null where its framing is plain.</summary>
    /// <param name="transferEncoding">The Transfer-Encoding values.</param>
    /// <param name="contentLength">The Content-Length values.</param>
    /// <param name="hasRenamedContentLength">
    /// Whether there is an X-Content-Length: Kestrel renames Content-Length to it where Transfer-Encoding stands beside it.
    /// </param>
    /// <param name="isHttp10">Whether it is HTTP/1.0, which knows no Transfer-Encoding (RFC 9112 section 6.1).</param>
    public static string? Refusal(
        StringValues transferEncoding, StringValues contentLength, bool hasRenamedContentLength, bool isHttp10)
    {
        if (transferEncoding.Count > 0)
        {
            if (contentLength.Count > 0 || hasRenamedContentLength)
            {
                return "Transfer-Encoding and Content-Length exclude each other.";
            }

            if (isHttp10 || transferEncoding.Count > 1 || !string.Equals(transferEncoding[0], "chunked", StringComparison.OrdinalIgnoreCase))
            {
                return "The only Transfer-Encoding is chunked, of HTTP/1.1.";
            }
        }

        return contentLength.Count > 1 || (contentLength.Count == 1 && !IsLength(contentLength[0])) ? "Content-Length is a number." : null;
    }

    /// <summary>Whether a length is made of digits alone.</summary>
    public static bool IsLength(string? value) => !string.IsNullOrEmpty(value) && !value.AsSpan().ContainsAnyExceptInRange('0', '9');
}
