using Vault.Core.Callouts.Attempts;
using Vault.Core.Egress;

namespace Vault.Core.Callouts;

/// <summary>What YARP sends callouts through.</summary>
public sealed class CalloutInvoker(UpstreamConnections connections, CalloutAttempts attempts, CalloutStanding standing) : IDisposable
{
    private readonly CalloutHandler _handler = new(connections, attempts, standing);

    /// <summary>Takes the one message that carries the callout.</summary>
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
