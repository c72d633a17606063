using Vault.Core.Callouts.Attempts;
using Vault.Core.Egress;

namespace Vault.Core.Callouts;

/// <summary>The chain of one callout, from the attempt down to the socket. Shared by all callouts.</summary>
public sealed class CalloutInvoker(UpstreamConnections connections, CalloutAttempts attempts) : IDisposable
{
    /// <summary>What YARP sends through.</summary>
    public HttpMessageInvoker Invoker { get; } = new(
        new DeadTokenHandler(attempts)
        {
            InnerHandler = new AnswerHandler
            {
                InnerHandler = new AttemptHandler
                {
                    InnerHandler = new UpstreamHandler(connections),
                },
            },
        },
        disposeHandler: true);

    /// <inheritdoc />
    public void Dispose() => Invoker.Dispose();

    /// <summary>The end of the chain: the connections that everything outbound shares.</summary>
    private sealed class UpstreamHandler(UpstreamConnections connections) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            (CalloutMessage.Of(request).Http ?? connections.Invoker).SendAsync(request, cancellationToken);
    }
}
