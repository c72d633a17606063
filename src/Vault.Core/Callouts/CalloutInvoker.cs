using Vault.Core.Callouts.Attempts;
using Vault.Core.Egress;

namespace Vault.Core.Callouts;

/// <summary>What callouts are sent through.</summary>
public sealed class CalloutInvoker(UpstreamConnections connections, CalloutAttempts attempts) : IDisposable
{
    private readonly CalloutHandler _handler = new(connections, attempts);

    /// <summary>Sends the message that carries the callout; its body is put on here.</summary>
    /// <exception cref="HttpRequestException">There is no answer that can be handed on; the callout's error says why.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, Callout callout, CancellationToken cancellationToken) =>
        _handler.SendAsync(message, callout, cancellationToken);

    /// <summary>The same for YARP: takes the one message that carries the callout.</summary>
    public HttpMessageInvoker For(Callout callout) => new OfOne(_handler, callout);

    /// <inheritdoc />
    public void Dispose() => _handler.Dispose();

    // Which callout it is goes beside the message rather than in its options, which would be a dictionary for each.
    private sealed class OfOne(CalloutHandler handler, Callout callout) : HttpMessageInvoker(handler, disposeHandler: false)
    {
        public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            handler.SendAsync(request, callout, cancellationToken);
    }
}
