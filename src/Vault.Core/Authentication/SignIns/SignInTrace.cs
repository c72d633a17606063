using System.Collections.Frozen;

namespace Vault.Core.Authentication.SignIns;

/// <summary>What an answer of a sign-in was, as far as it may be shown: never its body or a header's value.</summary>
/// <param name="Status">The status.</param>
/// <param name="ContentType">The media type, if any.</param>
/// <param name="Bytes">How long the body was.</param>
/// <param name="Headers">The names of its headers.</param>
public sealed record MaskedAnswer(int Status, string? ContentType, long Bytes, IReadOnlyList<string> Headers)
{
    // A service may echo a secret there, too: what everybody knows is shown, and of the rest that it is there.
    private const string Other = "(another)";
    private static readonly FrozenSet<string> KnownTypes = FrozenSet.ToFrozenSet(
        [
            "application/json", "application/problem+json", "application/xml", "application/problem+xml", "application/soap+xml", "application/jwt", "application/jose", "application/x-www-form-urlencoded",
            "application/octet-stream", "application/pdf", "application/zip", "application/grpc", "application/x-ndjson", "application/javascript", "multipart/form-data", "multipart/mixed",
            "text/json", "text/xml", "text/html", "text/plain", "text/csv", "text/event-stream", "text/javascript", "text/css", "image/png", "image/jpeg", "image/svg+xml",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> KnownHeaders = FrozenSet.ToFrozenSet(
        [
            "Accept-Ranges", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Age", "Allow", "Authentication-Info", "Cache-Control", "Connection",
            "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range", "Content-Security-Policy", "Content-Type", "Date", "ETag", "Expires", "Keep-Alive",
            "Last-Modified", "Link", "Location", "Pragma", "Proxy-Authenticate", "RateLimit", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Referrer-Policy", "Retry-After", "Server", "Server-Timing",
            "Set-Cookie", "Strict-Transport-Security", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via", "Warning", "WWW-Authenticate", "X-Content-Type-Options", "X-Correlation-Id", "X-Frame-Options",
            "X-Powered-By", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>As it may be shown.</summary>
    /// <param name="status">The status.</param>
    /// <param name="contentType">The media type.</param>
    /// <param name="bytes">How long the body was.</param>
    /// <param name="names">The names of its headers.</param>
    public static MaskedAnswer Of(int status, string? contentType, long bytes, IEnumerable<string> names) => new(
        status, contentType is null || KnownTypes.Contains(contentType) ? contentType : Other, bytes, [.. names.Select(name => KnownHeaders.Contains(name) ? name : Other)]);
}

/// <summary>One request of a sign-in as it happened.</summary>
/// <param name="Name">What it was, in words.</param>
/// <param name="Url">Where it went, masked.</param>
/// <param name="Status">The answer's status; null where there was none.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Request">The request, masked.</param>
/// <param name="Response">The answer; null where there was none.</param>
public sealed record TracedStep(string Name, string Url, int? Status, double DurationMs, MaskedRequest Request, MaskedAnswer? Response);

/// <summary>Collects the requests of one sign-in. Used by one sign-in.</summary>
public sealed class SignInTrace
{
    private readonly List<TracedStep> _steps = [];

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<TracedStep> Steps => _steps;

    internal void Add(TracedStep step) => _steps.Add(step);
}
