using System.Net;
using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>Makes connections: the name is looked up once, and the socket goes to an address that was judged, so that a second answer can't differ.</summary>
internal sealed class UpstreamDialer(EgressPolicy policy, IHostResolver resolver)
{
    /// <summary>Connects. TLS, where there is any, is the caller's, with the name and not the address.</summary>
    /// <exception cref="EgressDeniedException">The name leads where nothing may go.</exception>
    public async Task<UpstreamStream> ConnectAsync(DnsEndPoint to, CancellationToken cancellationToken)
    {
        // 1. Every address must pass: with one bad one among them the name isn't to be trusted.
        var addresses = await ResolveAsync(to.Host, cancellationToken).ConfigureAwait(false);
        if (addresses.Any(address => !policy.IsAllowed(address, to.Port)))
        {
            throw new EgressDeniedException($"The address of {to.Host} may not be reached.");
        }

        // 2. One after the other until one answers; all of it within the time for one connection.
        Exception? failure = null;
        foreach (var address in addresses)
        {
            try
            {
                return policy.Proxy is { } proxy
                    ? await TunnelAsync(proxy, new IPEndPoint(Plain(address), to.Port), cancellationToken).ConfigureAwait(false)
                    : await DialAsync(address, to.Port, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or HttpRequestException { StatusCode: >= HttpStatusCode.InternalServerError })
            {
                failure = exception;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static async Task<UpstreamStream> DialAsync(IPAddress judged, int port, CancellationToken cancellationToken)
    {
        // As it was judged: a socket of the one family doesn't reach an address of the other.
        var address = Plain(judged);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, port, cancellationToken).ConfigureAwait(false);
            return new UpstreamStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private async Task<UpstreamStream> TunnelAsync(EgressProxy proxy, IPEndPoint to, CancellationToken cancellationToken)
    {
        var stream = await DialProxyAsync(proxy, cancellationToken).ConfigureAwait(false);
        try
        {
            await ProxyTunnel.OpenAsync(stream, to, proxy, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (IOException exception)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw ProxyTunnel.Failed("The proxy closed the connection.", inner: exception);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<UpstreamStream> DialProxyAsync(EgressProxy proxy, CancellationToken cancellationToken)
    {
        SocketException? failure = null;
        try
        {
            foreach (var address in await ResolveAsync(proxy.Host, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    return await DialAsync(address, proxy.Port, cancellationToken).ConfigureAwait(false);
                }
                catch (SocketException exception)
                {
                    failure = exception;
                }
            }
        }
        catch (SocketException exception)
        {
            failure = exception;
        }

        throw ProxyTunnel.Failed("The proxy can't be reached.", inner: failure);
    }

    // A resolver that doesn't heed its token is left behind.
    private Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        resolver.ResolveAsync(host, cancellationToken).WaitAsync(cancellationToken);
}
