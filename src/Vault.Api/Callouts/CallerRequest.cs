using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Paths;

namespace Vault.Api.Callouts;

/// <summary>Reads a callout off an HTTP request.</summary>
internal static class CallerRequest
{
    private const string WebSocket = "websocket";
    private static readonly HashSet<string> NoOptions = [];

    /// <summary>
    /// Whether the request asks for a WebSocket: a GET of HTTP/1.1 with <c>Upgrade</c> (RFC 6455), or an extended CONNECT of HTTP/2 (RFC 8441). Any other upgrade
    /// is passed over, as RFC 9110 section 7.8 allows: a tunnel to <c>h2c</c> would carry requests that nobody judges.
    /// </summary>
    public static bool IsUpgrade(HttpContext context) =>
        (context.Request.Method == HttpMethods.Get && context.Request.Headers.Upgrade is [{ } protocol] && protocol.Equals(WebSocket, StringComparison.OrdinalIgnoreCase)
            && context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest is true)
        || (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect
            && WebSocket.Equals(connect.Protocol, StringComparison.OrdinalIgnoreCase));

    /// <summary>Callouts have no limit of size and no least rate, unless their named credential says so.</summary>
    public static void LiftLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requestRate)
        {
            requestRate.MinDataRate = null;
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } responseRate)
        {
            responseRate.MinDataRate = null;
        }
    }

    /// <summary>The request, with the headers that may go upstream.</summary>
    public static CalloutRequest Read(HttpContext context, CalloutTarget target, string? keyHeader, bool dropOverrides, bool isUpgrade)
    {
        var request = context.Request;
        var options = ConnectionOptions(request.Headers);
        var headers = new List<KeyValuePair<string, string>>(request.Headers.Count);
        foreach (var (name, values) in request.Headers)
        {
            if (name.Equals(keyHeader, StringComparison.OrdinalIgnoreCase) || !CallerHeaders.IsForwarded(name, options, dropOverrides))
            {
                continue;
            }

            foreach (var value in values)
            {
                if (!Callers.CallerKeys.IsKey(name, value ?? ""))
                {
                    headers.Add(new(name, value ?? ""));
                }
            }
        }

        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;
        var callout = new CalloutRequest
        {
            Id = context.TraceIdentifier,

            // What HTTP/2 asks for with CONNECT (RFC 8441) goes on as HTTP/1.1's GET: that is judged, signed and filled in.
            Method = isUpgrade && HttpMethods.IsConnect(request.Method) ? HttpMethods.Get : request.Method,
            Path = target.Path,
            Query = target.Query,
            Headers = headers,
            Body = hasBody && !isUpgrade ? request.BodyReader : null,
            ContentLength = request.ContentLength,
            IsUpgrade = isUpgrade,
            IsConnect = isUpgrade && HttpMethods.IsConnect(request.Method),
            Base = target.Base,
            Aborted = context.RequestAborted,
            FlushHead = FlushHead,
            FlushState = context.Response,
        };
        if (callout.IsGrpc)
        {
            // gRPC servers insist on it (RFC 9110 section 10.1.4 allows it from a client that understands trailers).
            headers.Add(new("TE", "trailers"));
        }

        return callout;
    }

    private static ValueTask FlushHead(object? state, CancellationToken cancellationToken) =>
        state is HttpResponse { HasStarted: false } response ? new ValueTask(response.Body.FlushAsync(cancellationToken)) : ValueTask.CompletedTask;

    private static HashSet<string> ConnectionOptions(IHeaderDictionary headers) => headers.Connection is { Count: > 0 } connection && connection != "keep-alive"
        ? CallerHeaders.OptionsIn(connection)
        : NoOptions;
}
