namespace Vault.Core.Egress;

/// <summary>Marks everything that leaves as this vault's.</summary>
internal sealed class OutboundHandler(LoopGuard loop, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        loop.Mark(request);
        return base.SendAsync(request, cancellationToken);
    }
}
