using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Vault.Testing;

/// <summary>A request as the upstream saw it.</summary>
public sealed record RecordedRequest(
    string Method, string Target, string Protocol, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    /// <summary>The body as UTF-8.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    /// <summary>The values of a header, joined; null if absent.</summary>
    public string? Header(string name)
    {
        var values = Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).ToArray();
        return values.Length == 0 ? null : string.Join(", ", values);
    }
}

/// <summary>A real HTTP service on loopback that records what reaches it and answers as the test says.</summary>
public sealed class RecordingUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private int _connections;

    private RecordingUpstream(WebApplication app) => _app = app;

    /// <summary>What answers; by default 200 with the body <c>ok</c>. The body was read and recorded before, save where <see cref="ReadBody"/> is off.</summary>
    public Func<HttpContext, RecordedRequest, Task> Answer { get; set; } = (context, _) => context.Response.WriteAsync("ok");

    /// <summary>Whether bodies are read and recorded before the answer; off for tests of streaming.</summary>
    public bool ReadBody { get; set; } = true;

    /// <summary>Everything that arrived, in order.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    /// <summary>How many TCP connections were accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Like <c>http://127.0.0.1:12345</c>.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Starts one.</summary>
    /// <param name="protocols">What it speaks.</param>
    /// <param name="mapGrpc">Whether it has gRPC.</param>
    /// <param name="map">Further routes.</param>
    /// <param name="https">With TLS; null: without.</param>
    public static async Task<RecordingUpstream> StartAsync(
        HttpProtocols protocols = HttpProtocols.Http1, bool mapGrpc = false, Action<WebApplication>? map = null, HttpsConnectionAdapterOptions? https = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        RecordingUpstream? upstream = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.RequestHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                listen.Use(next => connection =>
                {
                    Interlocked.Increment(ref upstream!._connections);
                    return next(connection);
                });
                if (https is not null)
                {
                    listen.UseHttps(https);
                }
            });
        });
        if (mapGrpc)
        {
            builder.Services.AddRouting();
        }

        var app = builder.Build();
        upstream = new RecordingUpstream(app);
        app.UseWebSockets();
        map?.Invoke(app);
        app.Run(upstream.HandleAsync);
        await app.StartAsync();
        upstream.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return upstream;
    }

    /// <summary>Forgets what arrived.</summary>
    public void Clear() => _requests.Clear();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        byte[] body = [];
        if (ReadBody && !context.WebSockets.IsWebSocketRequest)
        {
            using var memory = new MemoryStream();
            await context.Request.Body.CopyToAsync(memory, context.RequestAborted);
            body = memory.ToArray();
        }

        var request = new RecordedRequest(
            context.Request.Method,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            context.Request.Protocol,
            [.. context.Request.Headers.SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? "")))],
            body);
        _requests.Enqueue(request);
        await Answer(context, request);
    }
}
