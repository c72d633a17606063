using System.Text.RegularExpressions;

namespace Vault.Core.Callouts.Paths;

/// <summary>Refuses HTTP/1.x requests whose end two servers could see in different places (request smuggling).</summary>
public static partial class StrictRequestFraming
{
    /// <summary>Why the request is refused, in a sentence; null where its framing is plain.</summary>
    /// <param name="transferEncoding">The Transfer-Encoding values.</param>
    /// <param name="contentLength">The Content-Length values.</param>
    /// <param name="hasRenamedContentLength">
    /// Whether there is an X-Content-Length: Kestrel renames Content-Length to it where Transfer-Encoding stands beside it.
    /// </param>
    public static string? Refusal(
        IReadOnlyCollection<string?> transferEncoding, IReadOnlyCollection<string?> contentLength, bool hasRenamedContentLength)
    {
        if (transferEncoding.Count > 0 && (contentLength.Count > 0 || hasRenamedContentLength))
        {
            return "Transfer-Encoding and Content-Length exclude each other.";
        }

        if (transferEncoding.Count > 1 || transferEncoding.Any(value => !string.Equals(value, "chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return "The only Transfer-Encoding is chunked.";
        }

        return contentLength.Count > 1 || contentLength.Any(value => value is null || !Digits().IsMatch(value))
            ? "Content-Length is a number."
            : null;
    }

    [GeneratedRegex(@"\A[0-9]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex Digits();
}
