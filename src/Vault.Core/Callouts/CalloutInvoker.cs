using Vault.Core.Callouts.Attempts;
using Vault.Core.Egress;

namespace Vault.Core.Callouts;

/// <summary>What YARP sends callouts through. Shared by all callouts.</summary>
public sealed class CalloutInvoker(UpstreamConnections connections, CalloutAttempts attempts) : IDisposable
{
    /// <summary>Takes messages that carry a callout.</summary>
    public HttpMessageInvoker Invoker { get; } = new(new CalloutHandler(connections, attempts), disposeHandler: true);

    /// <inheritdoc />
    public void Dispose() => Invoker.Dispose();
}
