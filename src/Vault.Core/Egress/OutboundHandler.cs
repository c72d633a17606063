namespace Vault.Core.Egress;

/// <summary>
/// What is done to everything that leaves: it is marked as this vault's, and a denial is brought back out of the exception in
/// which SocketsHttpHandler wraps what its connect callback throws.
/// </summary>
internal sealed class OutboundHandler(LoopGuard loop, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        loop.Mark(request);
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (e.InnerException is EgressDeniedException denied)
        {
            throw new EgressDeniedException(denied.Message);
        }
    }
}
