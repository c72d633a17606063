using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Vault.Core.Callouts;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary>
/// Between YARP and the chain of handlers: puts the callout on the outgoing request, and the answer's head on the caller's
/// response. Nothing is copied by default: what goes each way is decided in Vault.Core.
/// </summary>
internal sealed class CalloutTransformer(Callout callout, CalloutAudit audit) : HttpTransformer
{
    private ChunkedAnswer? _chunked;

    /// <summary>Whether an answer came and was recorded.</summary>
    public bool IsRecorded { get; private set; }

    /// <summary>Whether an answer came and couldn't be recorded.</summary>
    public bool IsUnrecorded { get; private set; }

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        CalloutMessage.Fill(proxyRequest, callout);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }

        // Before the first byte of the answer.
        var isBodiless = httpContext.Request.Method == "HEAD" || (int)proxyResponse.StatusCode is 204 or 304;
        callout.PauseTimeout();
        IsRecorded = await audit.AnsweredAsync((int)proxyResponse.StatusCode, isBodiless ? 0 : CalloutMessage.AnswerLengthOf(proxyResponse, callout));
        callout.RestartTimeout();
        if (!IsRecorded)
        {
            IsUnrecorded = true;
            return false;
        }

        var response = httpContext.Response;
        CalloutMessage.CopyAnswerHeaders(proxyResponse, callout, response.Headers, static (headers, name, value) =>
            headers[name] = headers.TryGetValue(name, out var before) ? StringValues.Concat(before, value) : value);

        var reason = httpContext.Features.Get<IHttpResponseFeature>();
        if (reason?.ReasonPhrase is { } phrase)
        {
            reason.ReasonPhrase = callout.Echoes.Redact(phrase);
        }

        _chunked = ChunkedAnswer.TakeOver(httpContext, proxyResponse);
        callout.IsHeadReady = true;
        return true;
    }

    public override ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        if (_chunked is not null)
        {
            return _chunked.EndAsync(CalloutMessage.AnswerTrailersOf(proxyResponse, callout), cancellationToken);
        }

        if (httpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { IsReadOnly: false } trailers)
        {
            foreach (var (name, value) in CalloutMessage.AnswerTrailersOf(proxyResponse, callout))
            {
                trailers[name] = trailers.TryGetValue(name, out var before) ? StringValues.Concat(before, value) : value;
            }
        }

        return ValueTask.CompletedTask;
    }
}
