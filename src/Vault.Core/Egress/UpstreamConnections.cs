using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Caching.Memory;

namespace Vault.Core.Egress;

/// <summary>The one way out: pooled connections whose addresses were judged when they were made.</summary>
public sealed class UpstreamConnections : IDisposable
{
    private const int MostIdentities = 500;
    /// <summary>How long a connection takes new requests: a name that leads elsewhere by then is looked up, and judged, anew.</summary>
    internal static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdentityRest = TimeSpan.FromMinutes(10);
    private readonly EgressPolicy _policy;
    private readonly UpstreamDialer _dialer;
    private readonly LoopGuard _loop;
    private readonly TimeSpan _life;

    // Connections of those that are forgotten end when they are idle; the certificate's key goes with them.
    private readonly MemoryCache _own;

    /// <summary>Makes the pool.</summary>
    public UpstreamConnections(EgressPolicy policy, IHostResolver resolver, LoopGuard loop)
        : this(policy, resolver, loop, LongestLife)
    {
    }

    internal UpstreamConnections(EgressPolicy policy, IHostResolver resolver, LoopGuard loop, TimeSpan life)
    {
        _policy = policy;
        _dialer = new UpstreamDialer(policy, resolver);
        _loop = loop;
        _life = life;
        _own = new MemoryCache(new MemoryCacheOptions { SizeLimit = MostIdentities });
        Invoker = Make(null);
    }

    /// <summary>
    /// Sends a request; throws <see cref="HttpRequestException"/>, for a denial with an <see cref="EgressDeniedException"/> inside.
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

    /// <summary>A connection for bytes that the vault only hands on: judged like every other, nothing put into it.</summary>
    /// <param name="host">A name or an address, without brackets.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <returns>The connection; it belongs to the caller.</returns>
    /// <exception cref="EgressDeniedException">The name leads where nothing may go.</exception>
    /// <exception cref="TimeoutException">Nobody answered within five seconds.</exception>
    /// <exception cref="HttpRequestException">The proxy of the settings refused.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">There is no such name, or nobody listens.</exception>
    public async Task<RawTunnel> TunnelAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit);
        try
        {
            var stream = await _dialer.ConnectAsync(new DnsEndPoint(host, port), limit.Token).ConfigureAwait(false);
            stream.MayAnswerEarly = false;
            return new RawTunnel(stream);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

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

        return new HttpMessageInvoker(new OutboundHandler(_loop, handler), disposeHandler: true);
    }

    internal SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        PreAuthenticate = false,
        Credentials = null,
        ActivityHeadersPropagator = null,
        ConnectTimeout = ConnectLimit,
        PooledConnectionLifetime = _life,
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
        ConnectCallback = async (context, cancellationToken) => await _dialer.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false),
        SslOptions =
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,

            // A server's certificate names URLs (issuers, revocation lists) that the platform would fetch past this class.
            CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
        },
    };
}
