using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;

namespace Vault.Core.Callouts;

/// <summary>Gives the message the body of the attempt, and times the sending.</summary>
internal sealed class AttemptHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var callout = CalloutMessage.Of(request);
        var attempt = callout.Attempt!;
        if (!callout.Request.IsUpgrade)
        {
            request.Content = Content(callout, attempt);
        }

        callout.Idle.Touch();
        try
        {
            // The callout's own token ends with the caller and with its time; YARP's ends with the caller.
            return await base.SendAsync(request, callout.Cancellation);
        }
        catch (Exception exception) when (callout.Error is null && !callout.Request.Aborted.IsCancellationRequested)
        {
            // YARP turns any exception into an answer; what it was about is known here and nowhere else.
            callout.Error = CalloutFaults.ToError(exception, callout);
            throw;
        }
        finally
        {
            callout.Idle.Touch();
        }
    }

    private static HttpContent? Content(Callout callout, CalloutAttempt attempt)
    {
        HttpContent? content = null;
        if (attempt.Body is { } body)
        {
            content = new ReadOnlyMemoryContent(body);
        }
        else if (attempt.Transform is { } transform)
        {
            var streamed = new StreamedContent(callout.Body.Stream!, transform, callout.Idle);
            callout.Sending = streamed;
            content = streamed;
            if (transform is PlainBody && callout.Request.ContentLength is { } length)
            {
                content.Headers.ContentLength = length;
            }
        }
        else if (callout.Request.ContentType is not null)
        {
            // A content header without content: only a content can carry it.
            content = new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty);
        }

        if (content is not null)
        {
            CalloutMessage.FillContent(content, attempt);
        }

        return content;
    }
}
