using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Caching.Memory;

namespace Vault.Core.Egress;

/// <summary>The one way out: pooled connections whose addresses were judged when they were made.</summary>
public sealed class UpstreamConnections : IDisposable
{
    private const int MostIdentities = 500;
    private static readonly TimeSpan IdentityRest = TimeSpan.FromMinutes(10);
    private readonly EgressPolicy _policy;
    private readonly IHostResolver _resolver;

    // Connections of those that are forgotten end when they are idle; the certificate's key goes with them.
    private readonly MemoryCache _own;

    /// <summary>Makes the pool.</summary>
    public UpstreamConnections(EgressPolicy policy, IHostResolver resolver)
    {
        _policy = policy;
        _resolver = resolver;
        _own = new MemoryCache(new MemoryCacheOptions { SizeLimit = MostIdentities });
        Invoker = Make(null);
    }

    /// <summary>
    /// Sends a request; throws <see cref="HttpRequestException"/>, or its subclass <see cref="EgressDeniedException"/>.
    /// Nothing is followed, kept or decoded: redirects, cookies and content codings are the caller's.
    /// </summary>
    public HttpMessageInvoker Invoker { get; }

    /// <summary>Whether anything may be sent without TLS.</summary>
    public bool AllowHttp => _policy.AllowHttp;

    /// <summary>What <see cref="For"/> made for a key; null: nothing yet.</summary>
    public HttpMessageInvoker? Find(string key) => _own.Get<Lazy<HttpMessageInvoker>>(key)?.Value;

    /// <summary>The same with a certificate or trust of its own, and with connections of its own; forgotten ten minutes after the last use.</summary>
    public HttpMessageInvoker For(UpstreamIdentity identity) => _own.GetOrCreate(identity.Key, entry =>
    {
        entry.Size = 1;
        entry.SlidingExpiration = IdentityRest;
        return new Lazy<HttpMessageInvoker>(() => Make(identity));
    })!.Value;

    /// <inheritdoc />
    public void Dispose()
    {
        Invoker.Dispose();
        foreach (var key in _own.Keys)
        {
            Find((string)key)?.Dispose();
        }

        _own.Dispose();
    }

    private HttpMessageInvoker Make(UpstreamIdentity? identity)
    {
        var handler = Handler();
        if (identity is not null)
        {
            handler.SslOptions.ClientCertificateContext = identity.Certificate;
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => identity.IsTrusted(certificate, chain, errors);
        }

        return new HttpMessageInvoker(new EgressDenialHandler(handler), disposeHandler: true);
    }

    private SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        PreAuthenticate = false,
        Credentials = null,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = 64,

        // Of what nobody wants to read any more, no more than this is read to keep a connection.
        MaxResponseDrainSize = 64 * 1024,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),

        // One upstream that hangs takes this much of the vault's connections, and no more (KestrelSetup has the whole).
        MaxConnectionsPerServer = 5_000,

        // Header values are strings of bytes; see docs/decisions/0001.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ConnectCallback = async (context, cancellationToken) =>
            await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false),
    };

    // The name is looked up once, and the socket goes to an address that was judged: a second answer can't differ.
    private async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        // 1. Every address must pass: with one bad one among them the name isn't to be trusted.
        var addresses = await _resolver.ResolveAsync(host, cancellationToken).ConfigureAwait(false);
        if (addresses.Any(address => !_policy.IsAllowed(address, port)))
        {
            throw new EgressDeniedException($"The address of {host} may not be reached.");
        }

        // 2. One after the other until one answers.
        SocketException? failure = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, port, cancellationToken).ConfigureAwait(false);
                return new UpstreamStream(socket);
            }
            catch (SocketException e)
            {
                failure = e;
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }
}
