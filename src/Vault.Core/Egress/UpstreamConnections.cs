namespace Vault.Core.Egress;

/// <summary>The one way out: pooled connections whose addresses were judged when they were made.</summary>
public sealed class UpstreamConnections : IDisposable
{
    /// <summary>Sends a request; throws <see cref="HttpRequestException"/>, or its subclass <see cref="EgressDeniedException"/>.</summary>
    public HttpMessageInvoker Invoker => throw new NotImplementedException();

    /// <inheritdoc />
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>The address may not be reached; code <c>egress-denied</c>.</summary>
public sealed class EgressDeniedException(string message) : HttpRequestException(message);
