namespace Vault.Core.Egress;

/// <summary>What HTTP says of messages, where HttpClient has its own view.</summary>
internal static class HttpMessages
{
    /// <summary>Whether a method is idempotent: a request of any other may not be sent again by itself (RFC 9110 section 9.2.2).</summary>
    public static bool MayBeRepeated(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Put || method == HttpMethod.Delete || method == HttpMethod.Options || method == HttpMethod.Trace;
}
