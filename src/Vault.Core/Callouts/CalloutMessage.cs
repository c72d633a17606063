using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>Puts a callout on the HTTP message that carries it, and reads answers for the caller.</summary>
public static class CalloutMessage
{
    /// <summary>Puts the attempt that is to be sent on the message: where it goes, and its headers.</summary>
    public static void Fill(HttpRequestMessage message, Callout callout) =>
        Fill(message, callout.Attempt ?? throw new InvalidOperationException("The callout was not prepared."));

    /// <summary>The headers of the answer, as the caller gets them.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="callout">The callout.</param>
    /// <param name="target">Where <paramref name="add"/> puts them.</param>
    /// <param name="add">Takes a name and a value; a name may come more than once.</param>
    public static void CopyAnswerHeaders<T>(HttpResponseMessage answer, Callout callout, T target, Action<T, string, string> add)
    {
        var connection = ConnectionOptions(answer);
        var isEmpty = answer.StatusCode is HttpStatusCode.NoContent;
        Copy(answer.Headers.NonValidated, connection, callout, isEmpty, target, add);
        Copy(AnswerContent.HeadersOf(answer).NonValidated, connection, callout, isEmpty, target, add);
    }

    private static void Copy<T>(HttpHeadersNonValidated headers, HashSet<string> connection, Callout callout, bool isEmpty, T target, Action<T, string, string> add)
    {
        foreach (var header in headers)
        {
            // Digests are no content headers to HttpClient, and stand beside the others. A 204 has no length (RFC 9110 section 8.6), whatever upstream says.
            var isLength = header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase);
            if ((isEmpty && isLength) || !AnswerHeaders.IsForwarded(header.Key, connection) || (callout.IsDecoded && AnswerHeaders.IsOfEncodedBytes(header.Key)))
            {
                continue;
            }

            // A number was made sure of when the head came, and nothing else can be sent: an answer whose length is a secret by chance has it still.
            if (isLength)
            {
                add(target, header.Key, header.Value.ToString());
                continue;
            }

            var name = callout.Echoes.Redact(header.Key);
            foreach (var value in header.Value)
            {
                // Masked first: what a rewriting takes out of the midst of a value could leave a secret in pieces.
                add(target, name, Rewrite(header.Key, callout.Echoes.Redact(value), callout));
            }
        }
    }

    /// <summary>How long the caller's answer says it is; null where nobody knows.</summary>
    public static long? AnswerLengthOf(HttpResponseMessage answer, Callout callout) => callout.IsDecoded ? null : AnswerContent.HeadersOf(answer).ContentLength;

    /// <summary>The trailers of the answer, as the caller gets them.</summary>
    public static IEnumerable<KeyValuePair<string, string>> AnswerTrailersOf(HttpResponseMessage answer, Callout callout)
    {
        foreach (var trailer in answer.TrailingHeaders.NonValidated)
        {
            if (AnswerHeaders.IsForwarded(trailer.Key, EmptySet) && !AnswerHeaders.IsOfTheHead(trailer.Key) && !(callout.IsDecoded && AnswerHeaders.IsOfEncodedBytes(trailer.Key)))
            {
                // The head is long gone: what can't stand here is left out.
                var name = callout.Echoes.Redact(trailer.Key);
                foreach (var value in trailer.Value.Where(value => WireText.IsValue(value)))
                {
                    yield return new(name, Rewrite(trailer.Key, callout.Echoes.Redact(value), callout));
                }
            }
        }
    }

    /// <summary>Puts an attempt on the message, in place of the one before; content is the sender's to set.</summary>
    internal static void Fill(HttpRequestMessage message, CalloutAttempt attempt)
    {
        message.RequestUri = attempt.Uri;
        message.Headers.Clear();
        message.Headers.Host = null;
        for (var i = 0; i < attempt.Headers.Count; i++)
        {
            var header = attempt.Headers[i];

            // False for content headers, which go where the content is made.
            message.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    /// <summary>Puts a second attempt on the message; what makes it an upgrade is the sender's, and stays.</summary>
    internal static void Refill(HttpRequestMessage message, CalloutAttempt attempt, bool isUpgrade)
    {
        List<KeyValuePair<string, string>> kept = [];
        foreach (var name in isUpgrade ? OfUpgrade : [])
        {
            if (message.Headers.NonValidated.TryGetValues(name, out var values))
            {
                kept.Add(new(name, values.ToString()));
            }
        }

        Fill(message, attempt);
        foreach (var (name, value) in kept)
        {
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>Puts the content headers of an attempt on its content.</summary>
    internal static void FillContent(HttpContent content, CalloutAttempt attempt)
    {
        foreach (var header in attempt.Headers)
        {
            if (OfContent.Contains(header.Key))
            {
                content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }
    }

    /// <summary>Whether the attempt has headers that only a content can carry.</summary>
    internal static bool HasContentHeader(CalloutAttempt attempt)
    {
        for (var i = 0; i < attempt.Headers.Count; i++)
        {
            if (OfContent.Contains(attempt.Headers[i].Key))
            {
                return true;
            }
        }

        return false;
    }

    private static readonly HashSet<string> EmptySet = [];

    // A WebSocket of HTTP/2 has no key of its caller's.
    private static readonly string[] OfUpgrade = ["Connection", "Upgrade", "Sec-WebSocket-Key"];

    /// <summary>The headers that HttpClient takes only with a content.</summary>
    private static readonly FrozenSet<string> OfContent = new[]
    {
        "Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-MD5", "Content-Range",
        "Content-Type", "Expires", "Last-Modified",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static string Rewrite(string name, string value, Callout callout)
    {
        if (name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase))
        {
            return callout.Request.Base is { } prefix ? AnswerHeaders.RewriteCookie(value, prefix.Span) : value;
        }

        return callout.IsDecoded && name.Equals("ETag", StringComparison.OrdinalIgnoreCase) ? AnswerHeaders.Weaken(value) : value;
    }

    private static HashSet<string> ConnectionOptions(HttpResponseMessage answer)
    {
        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols || !answer.Headers.NonValidated.TryGetValues("Connection", out var values))
        {
            return EmptySet;
        }

        return CallerHeaders.OptionsIn(values);
    }
}
