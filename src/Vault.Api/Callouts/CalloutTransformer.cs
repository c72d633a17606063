using Vault.Core.Callouts;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary>
/// Between YARP and the chain of handlers: puts the callout on the outgoing request, and the answer's head on the caller's
/// response. Nothing is copied by default: what goes each way is decided in Vault.Core.
/// </summary>
internal sealed class CalloutTransformer(Callout callout) : HttpTransformer
{
    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        CalloutMessage.Attach(proxyRequest, callout);
        return ValueTask.CompletedTask;
    }

    public override ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return ValueTask.FromResult(false);
        }

        var response = httpContext.Response;
        foreach (var header in CalloutMessage.AnswerHeadersOf(proxyResponse, callout))
        {
            response.Headers.Append(header.Key, header.Value);
        }

        var reason = httpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>();
        if (reason?.ReasonPhrase is { } phrase)
        {
            reason.ReasonPhrase = callout.Echoes.Redact(phrase);
        }

        callout.IsHeadReady = true;
        return ValueTask.FromResult(true);
    }

    public override ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        if (httpContext.Response.SupportsTrailers())
        {
            foreach (var trailer in CalloutMessage.AnswerTrailersOf(proxyResponse, callout))
            {
                httpContext.Response.AppendTrailer(trailer.Key, trailer.Value);
            }
        }

        return ValueTask.CompletedTask;
    }
}
