using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vault.Core.Egress;

/// <summary>The one way out: pooled connections whose addresses were judged when they were made.</summary>
public sealed class UpstreamConnections : IDisposable
{
    private const int MostIdentities = 500;
    private readonly EgressPolicy _policy;
    private readonly IHostResolver _resolver;
    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> _own = new(StringComparer.Ordinal);

    /// <summary>Makes the pool.</summary>
    public UpstreamConnections(EgressPolicy policy, IHostResolver resolver)
    {
        _policy = policy;
        _resolver = resolver;
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
    public HttpMessageInvoker? Find(string key) => _own.TryGetValue(key, out var own) ? own.Value : null;

    /// <summary>The same with a certificate or trust of its own, and with connections of its own.</summary>
    public HttpMessageInvoker For(UpstreamIdentity identity)
    {
        if (_own.Count > MostIdentities)
        {
            // Rare; connections of those that are dropped end when they are idle.
            _own.Clear();
        }

        return _own.GetOrAdd(identity.Key, _ => new Lazy<HttpMessageInvoker>(() => Make(identity))).Value;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Invoker.Dispose();
        foreach (var own in _own.Values.Where(own => own.IsValueCreated))
        {
            own.Value.Dispose();
        }
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
                return new NetworkStream(socket, ownsSocket: true);
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
