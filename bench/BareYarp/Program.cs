// YARP and nothing else: what a proxy on the vault's own platform costs. Checks the key, removes it, sets Authorization.
//
//   BareYarp LISTEN_PORT UPSTREAM_URL AUTHORIZATION KEY...
//
// BENCH_SOCKETS: "default"; "completions" (DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS); "inline" (that, and Kestrel's
// UnsafePreferInlineScheduling).
using System.Collections.Frozen;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

var sockets = Environment.GetEnvironmentVariable("BENCH_SOCKETS") ?? "default";
if (sockets is not ("default" or "completions" or "inline"))
{
    throw new InvalidOperationException("BENCH_SOCKETS is default, completions or inline.");
}

if (sockets is not "default")
{
    // The runtime reads it when the first socket is made, so it can still be set here.
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}

var port = int.Parse(args[0], provider: null);
var upstream = args[1];
var keys = args[3..].ToFrozenSet(StringComparer.Ordinal);
var transformer = new KeyTransformer(args[2]);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Listen(IPAddress.Loopback, port);
});
builder.WebHost.UseSockets(options => options.UnsafePreferInlineScheduling = sockets is "inline");
builder.Services.AddHttpForwarder();
await using var app = builder.Build();

var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
var config = new ForwarderRequestConfig { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
using var client = new HttpMessageInvoker(new SocketsHttpHandler
{
    UseProxy = false,
    AllowAutoRedirect = false,
    UseCookies = false,
    AutomaticDecompression = DecompressionMethods.None,
    ActivityHeadersPropagator = null,
    ConnectTimeout = TimeSpan.FromSeconds(5),
});
app.Run(async context =>
{
    if (context.Request.Headers["X-Vault-Key"] is not [{ } key] || !keys.Contains(key))
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return;
    }

    await forwarder.SendAsync(context, upstream, client, config, transformer);
});
await app.RunAsync();

/// <summary>Removes the key and puts the authorization on.</summary>
internal sealed class KeyTransformer(string authorization) : HttpTransformer
{
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Host = null;
        proxyRequest.Headers.Remove("X-Vault-Key");
        proxyRequest.Headers.Remove("Authorization");
        proxyRequest.Headers.TryAddWithoutValidation("Authorization", authorization);
    }
}
