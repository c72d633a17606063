using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Api.Callouts;
using Vault.Api.Hosting;
using Vault.Core.ForwardProxy;

namespace Vault.Api.ForwardProxy;

/// <summary>The forward proxy in the web server: how its listener is set up, and what is served there.</summary>
internal static class ForwardProxySetup
{
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    /// <summary>Registers it, as the settings say.</summary>
    public static void AddForwardProxy(this IServiceCollection services, ForwardProxyOptions options)
    {
        services.AddVaultForwardProxy(options);
        if (options.IsOn)
        {
            services.AddSingleton<RawTunnels>().AddSingleton<ForwardProxyListener>();
        }
    }

    /// <summary>Makes a listener one of the forward proxy.</summary>
    public static void UseForwardProxy(this ListenOptions listen)
    {
        var services = listen.ApplicationServices;
        ConnectionDelegate? server = null;
        listen.Protocols = HttpProtocols.Http1AndHttp2;

        // What is added last stands next to the server, and is made first.
        listen.Use(secure =>
        {
            var plain = server ?? throw new InvalidOperationException("The server comes last.");
            var proxy = services.GetRequiredService<ForwardProxyListener>();
            return connection => proxy.ServeAsync(connection, secure, plain);
        });
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = context => ValueTask.FromResult(Certificate(
                services.GetRequiredService<LeafCertificates>(), context.Connection.Features.Get<ProxiedConnection>()?.Tunnel)),
        });
        listen.Use(next => server = next);
    }

    /// <summary>Serves callouts, and nothing else, on connections of the forward proxy; all others go on.</summary>
    public static void UseForwardProxy(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<ForwardProxyOptions>().IsOn)
        {
            return;
        }

        var endpoint = app.Services.GetRequiredService<CalloutEndpoint>();
        var forwarded = app.Services.GetRequiredService<ForwardedRequests>();
        app.MapWhen(
            static context => context.Features.Get<ProxiedConnection>() is not null,
            branch =>
            {
                branch.UseMiddleware<StrictFramingMiddleware>();
                branch.Run(context =>
                {
                    var proxied = context.Features.GetRequiredFeature<ProxiedConnection>();
                    if (proxied.Tunnel is null && HttpMethods.IsConnect(context.Request.Method))
                    {
                        // It was refused, or it would never come here: a client that tries again needs a connection whose first request it is.
                        context.Response.OnStarting(static response =>
                        {
                            ((HttpResponse)response).Headers.Connection = "close";
                            return Task.CompletedTask;
                        }, context.Response);
                    }

                    return endpoint.InvokeAsync(context, new ProxiedCallout(forwarded, proxied));
                });
            });
    }

    // For the host that the tunnel was opened to, whatever the client names in its handshake.
    private static SslServerAuthenticationOptions Certificate(LeafCertificates certificates, ProxiedTunnel? tunnel) => new()
    {
        ServerCertificateContext = certificates.For((tunnel ?? throw new AuthenticationException("TLS outside of a tunnel.")).Host),
        ApplicationProtocols = Protocols,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = false,
    };
}
