using System.Net;
using Vault.Core.Callouts.Attempts;

namespace Vault.Core.Callouts;

/// <summary>Ties a callout to the HTTP message that carries it through the chain, and reads answers for the caller.</summary>
public static class CalloutMessage
{
    private static readonly HttpRequestOptionsKey<Callout> Key = new("vault.callout");

    /// <summary>Makes the message carry the callout; its first attempt decides where it goes and what is on it.</summary>
    public static void Attach(HttpRequestMessage message, Callout callout)
    {
        message.Options.Set(Key, callout);
        Fill(message, callout.Attempt ?? throw new InvalidOperationException("The callout was not prepared."));
    }

    /// <summary>The headers of the answer, as the caller gets them.</summary>
    public static IEnumerable<KeyValuePair<string, string>> AnswerHeadersOf(HttpResponseMessage answer, Callout callout)
    {
        var connection = ConnectionOptions(answer);
        foreach (var source in new[] { answer.Headers.NonValidated, answer.Content.Headers.NonValidated })
        {
            foreach (var header in source)
            {
                // Digests are no content headers to HttpClient, and stand beside the others.
                if (!AnswerHeaders.IsForwarded(header.Key, connection) || (callout.IsDecoded && AnswerHeaders.IsOfEncodedBytes(header.Key)))
                {
                    continue;
                }

                var name = callout.Echoes.Redact(header.Key);
                foreach (var value in header.Value)
                {
                    // Masked first: what a rewriting takes out of the midst of a value could leave a secret in pieces.
                    yield return new(name, Rewrite(header.Key, callout.Echoes.Redact(value), callout));
                }
            }
        }
    }

    /// <summary>The trailers of the answer, as the caller gets them.</summary>
    public static IEnumerable<KeyValuePair<string, string>> AnswerTrailersOf(HttpResponseMessage answer, Callout callout)
    {
        foreach (var trailer in answer.TrailingHeaders.NonValidated)
        {
            if (AnswerHeaders.IsForwarded(trailer.Key, EmptySet))
            {
                var name = callout.Echoes.Redact(trailer.Key);
                foreach (var value in trailer.Value)
                {
                    yield return new(name, callout.Echoes.Redact(value));
                }
            }
        }
    }

    internal static Callout Of(HttpRequestMessage message) =>
        message.Options.TryGetValue(Key, out var callout) ? callout : throw new InvalidOperationException("No callout on this message.");

    /// <summary>Puts an attempt on the message, in place of the one before; content is the sender's to set.</summary>
    internal static void Fill(HttpRequestMessage message, CalloutAttempt attempt)
    {
        message.RequestUri = attempt.Uri;
        message.Headers.Clear();
        message.Headers.Host = null;
        foreach (var header in attempt.Headers)
        {
            // False for content headers, which go where the content is made.
            message.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    /// <summary>Puts the content headers of an attempt on its content.</summary>
    internal static void FillContent(HttpContent content, CalloutAttempt attempt)
    {
        using var probe = new HttpRequestMessage();
        foreach (var header in attempt.Headers)
        {
            if (!probe.Headers.TryAddWithoutValidation(header.Key, header.Value))
            {
                content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }
    }

    private static readonly HashSet<string> EmptySet = [];

    private static string Rewrite(string name, string value, Callout callout)
    {
        if (name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase))
        {
            return AnswerHeaders.RewriteCookie(value, callout.Admitted.Named.Name.Value);
        }

        return callout.IsDecoded && name.Equals("ETag", StringComparison.OrdinalIgnoreCase) ? AnswerHeaders.Weaken(value) : value;
    }

    private static HashSet<string> ConnectionOptions(HttpResponseMessage answer)
    {
        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols || !answer.Headers.NonValidated.TryGetValues("Connection", out var values))
        {
            return EmptySet;
        }

        return values
            .SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
    }
}
