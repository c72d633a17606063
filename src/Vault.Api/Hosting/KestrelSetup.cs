using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Vault.Api.ForwardProxy;
using Vault.Core.Access;
using Vault.Core.ForwardProxy;

namespace Vault.Api.Hosting;

/// <summary>How the server listens: addresses, limits, header bytes.</summary>
internal static class KestrelSetup
{
    private const string DefaultUrl = "http://localhost:5080";
    private const string DefaultHttp2Url = "http://localhost:5082";

    /// <summary>Without it a line of a head, or of trailers, may end with a bare LF, which others read as part of a value.</summary>
    private const string StrictLineEnds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    // Far more than a busy vault has. What matters is that there is an end, and that one upstream's share (UpstreamConnections)
    // is smaller than the whole.
    private const int MostConnections = 20_000;

    /// <summary>Sets Kestrel up; contract section 8 for the addresses.</summary>
    public static void AddVaultKestrel(this WebApplicationBuilder builder, ForwardProxyOptions forwardProxy)
    {
        var configuration = builder.Configuration;
        ListenerSettings.Judge(configuration);
        var urls = string.Join(';', ListenerSettings.Parts(configuration["urls"]));
        if (string.IsNullOrEmpty(urls) && string.IsNullOrEmpty(configuration["http_ports"]) && string.IsNullOrEmpty(configuration["https_ports"])
            && !configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            urls = DefaultUrl;
        }

        // Endpoints of the settings take the place of urls; what is added to them has to be an endpoint too.
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "").ToArray();

        // Without TLS there is no ALPN: a listener speaks HTTP/1.1 or HTTP/2, so cleartext gRPC needs one of its own.
        var http2 = Http2Url(configuration, builder.Environment);
        if (http2 is not null)
        {
            RequireOwnPort("Vault:Http2Url", http2, endpoints.Length > 0 ? endpoints : ListenerSettings.Parts(string.IsNullOrEmpty(urls) ? PortUrls(configuration) : urls));
        }

        if (http2 is not null && endpoints.Length == 0)
        {
            urls = (string.IsNullOrEmpty(urls) ? PortUrls(configuration) : urls + ";") + http2.OriginalString;
        }

        if (forwardProxy.Url is { } proxyUrl)
        {
            var others = string.IsNullOrEmpty(urls) ? PortUrls(configuration) : urls + ";";
            RequireOwnPort(ForwardProxyOptions.Section + ":Url", proxyUrl, [.. others.Split(';'), .. endpoints, http2?.OriginalString ?? ""]);
            urls = endpoints.Length == 0 ? others + proxyUrl.GetLeftPart(UriPartial.Authority) : urls;
        }

        if (!string.IsNullOrEmpty(urls))
        {
            builder.WebHost.UseUrls(urls);
        }

        AppContext.SetSwitch(StrictLineEnds, true);
        var isInline = InlineSockets.IsOn(configuration, builder.Environment);
        if (isInline)
        {
            InlineSockets.TurnOn();
        }

        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = isInline;
            sockets.CreateBoundListenSocket = Listen;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.AllowHostHeaderOverride = false;
            kestrel.AllowAlternateSchemes = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = MostConnections;
            kestrel.Limits.MaxRequestLineSize = 16 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 200;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
            kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);

            // Header values are strings of bytes all through: what isn't ASCII keeps its bytes in both directions.
            kestrel.RequestHeaderEncodingSelector = static name =>
                name == HeaderNames.ContentLength ? DigitsEncoding.Instance
                : name == HeaderNames.Connection ? ConnectionEncoding.Instance
                : Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ConfigureEndpointDefaults(listen =>
            {
                // The server reads its endpoints anew where their settings change; one that throws leaves it at those that it has.
                ListenerSettings.Judge(configuration);
                listen.Use(next => connection =>
                {
                    connection.Features.Set(new ConnectionKey());
                    return next(connection);
                });

                if (http2 is not null && listen.IPEndPoint?.Port == http2.Port)
                {
                    listen.Protocols = HttpProtocols.Http2;
                }

                if (forwardProxy.Url is { } url && listen.IPEndPoint?.Port == url.Port)
                {
                    listen.UseForwardProxy();
                }
            });
            foreach (var url in endpoints.Length > 0 ? new[] { http2, forwardProxy.Url }.OfType<Uri>() : [])
            {
                Listen(kestrel, url);
            }
        });
    }

    /// <summary>Has the server read its endpoints and certificates now: where it starts, their exceptions can't be told from others.</summary>
    /// <exception cref="VaultSettingException">They can't be read.</exception>
    public static void Load(IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.ConfigurationLoader?.Load();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or InvalidOperationException or ArgumentException
            or FormatException)
        {
            throw new VaultSettingException("Kestrel:Endpoints, or Kestrel:Certificates,", $"can't be taken as set: {exception.Message}");
        }
    }

    /// <summary>Whether an address that the server says it listens on is the forward proxy's.</summary>
    public static bool IsForwardProxy(string address, ForwardProxyOptions forwardProxy) =>
        forwardProxy.Url is { } url && ListenerAddress.Parse(address)?.Port == url.Port;

    /// <summary>Whether an address that the server says it listens on is the one for cleartext HTTP/2, which browsers and most clients don't speak.</summary>
    public static bool IsHttp2Only(string address, IConfiguration configuration, IHostEnvironment environment) =>
        Http2Url(configuration, environment) is { } url && ListenerAddress.Parse(address)?.Port == url.Port;

    /// <summary>Where the settings have it listen to HTTP/1.1, as the server ranks them: endpoints, URLs, ports; at least one.</summary>
    public static IReadOnlyList<string> Addresses(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Where(endpoint => !"Http2".Equals(endpoint["Protocols"], StringComparison.OrdinalIgnoreCase)).Select(endpoint => endpoint["Url"]).OfType<string>().ToArray();
        var urls = configuration["urls"] is { Length: > 0 } named ? named : PortUrls(configuration);
        return endpoints.Length > 0 ? endpoints
            : urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } listed ? listed
            : [DefaultUrl];
    }

    private static Uri? Http2Url(IConfiguration configuration, IHostEnvironment environment)
    {
        var setting = configuration["Vault:Http2Url"] ?? (environment.IsDevelopment() ? DefaultHttp2Url : null);
        if (string.IsNullOrEmpty(setting))
        {
            return null;
        }

        // Both readings have to be sound: the server has its own.
        return Uri.TryCreate(setting, UriKind.Absolute, out var url) && url is { Scheme: "http", AbsolutePath: "/" } && ListenerSettings.IsTcp(setting)
            ? url
            : throw new VaultSettingException("Vault:Http2Url", "must be http with a port and an address of this machine or localhost, like http://localhost:5082 or http://0.0.0.0:5082.");
    }

    // A connection's port says whose it is, at whatever address: names and wildcards may stand for the same ones.
    private static void RequireOwnPort(string setting, Uri url, IEnumerable<string> others)
    {
        if (others.Any(other => ListenerAddress.Parse(other.Trim())?.Port == url.Port))
        {
            throw new VaultSettingException(setting, $"has the port of another listener ({url.Port}); it needs one of its own.");
        }
    }

    private static void Listen(KestrelServerOptions kestrel, Uri url)
    {
        // No setting got here with another name.
        if (ListenerAddress.IsLocalhost(url.Host))
        {
            kestrel.ListenLocalhost(url.Port);
        }
        else
        {
            kestrel.Listen(IPAddress.Parse(url.Host.Trim('[', ']')), url.Port);
        }
    }

    private static Socket Listen(EndPoint endpoint)
    {
        // Callouts have no least rate: who vanished without a word is found out by TCP, within two minutes. Accepted sockets inherit it.
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
        }

        return socket;
    }

    private static string PortUrls(IConfiguration configuration)
    {
        var text = new StringBuilder();
        foreach (var (key, scheme) in new[] { ("http_ports", "http"), ("https_ports", "https") })
        {
            foreach (var port in (configuration[key] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                text.Append(scheme).Append("://*:").Append(port).Append(';');
            }
        }

        return text.ToString();
    }
}
