using System.Diagnostics;
using Vault.Core.Primitives;

namespace Vault.Core.Egress;

/// <summary>Marks everything that leaves as this vault's, and traces it where somebody listens: scheme, host, port and how it ended, never path or query.</summary>
internal sealed class OutboundHandler(LoopGuard loop, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        loop.Mark(request);
        return VaultTelemetry.Source.HasListeners() ? TracedAsync(request, cancellationToken) : base.SendAsync(request, cancellationToken);
    }

    private async Task<HttpResponseMessage> TracedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var activity = VaultTelemetry.Source.StartActivity(request.Method.Method, ActivityKind.Client);
        if (activity is null)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var url = request.RequestUri!;
        activity.SetTag("http.request.method", request.Method.Method);
        activity.SetTag("url.scheme", url.Scheme);
        activity.SetTag("server.address", url.IdnHost);
        activity.SetTag("server.port", url.Port);

        // The service goes on from here, not from what the caller said.
        request.Headers.Remove(TraceParent);
        request.Headers.Remove(TraceState);
        request.Headers.TryAddWithoutValidation(TraceParent, activity.Id);
        if (activity.TraceStateString is { Length: > 0 } state)
        {
            request.Headers.TryAddWithoutValidation(TraceState, state);
        }

        try
        {
            var answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            activity.SetTag("http.response.status_code", (int)answer.StatusCode);
            if ((int)answer.StatusCode >= 400)
            {
                activity.SetTag("error.type", ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
                activity.SetStatus(ActivityStatusCode.Error);
            }

            return answer;
        }
        catch (Exception exception)
        {
            // The kind alone: a message may hold what it was about.
            activity.SetTag("error.type", (exception as HttpRequestException)?.HttpRequestError.ToString() ?? exception.GetType().FullName);
            activity.SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }
}
