using Vault.Core.Callouts.Bodies;
using Vault.Core.Egress;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The body of an attempt as the content of its message.</summary>
internal static class AttemptContent
{
    /// <summary>Puts it on the message, in place of what is there; an upgrade has none.</summary>
    public static void PutOn(HttpRequestMessage request, Callout callout)
    {
        if (callout.Request.IsUpgrade)
        {
            return;
        }

        var attempt = callout.Attempt ?? throw new InvalidOperationException("The callout was not prepared.");
        HttpContent? content = null;
        if (attempt.Body is { } body)
        {
            content = new ReadOnlyMemoryContent(body);
        }
        else if (attempt.Transform is { } transform && callout.Body.Stream is { } stream)
        {
            var streamed = new StreamedContent(stream, transform, callout);
            callout.Sending = streamed;
            content = streamed;
            if (transform is PlainBody && callout.Request.ContentLength is { } length)
            {
                content.Headers.ContentLength = length;
            }
        }
        else if (CalloutMessage.HasContentHeader(attempt))
        {
            // A content header without content: only a content can carry it.
            content = new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty);
        }
        else if (!HttpMessages.MayBeRepeated(request.Method))
        {
            // Of a request without a content HttpClient believes that it may be sent again where the connection ends before an answer comes.
            content = new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty);
        }

        if (content is not null)
        {
            CalloutMessage.FillContent(content, attempt);
        }

        request.Content = content;
    }
}
