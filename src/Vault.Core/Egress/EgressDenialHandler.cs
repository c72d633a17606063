namespace Vault.Core.Egress;

/// <summary>Brings a denial back out of the exception in which SocketsHttpHandler wraps what its connect callback throws.</summary>
internal sealed class EgressDenialHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
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
