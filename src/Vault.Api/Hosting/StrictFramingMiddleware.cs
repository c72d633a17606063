using Microsoft.AspNetCore.Http.Features;
using Vault.Api.Callouts;
using Vault.Api.Errors;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>
/// The first middleware: answers 400, and closes, where two servers could read the head of a request in different ways and
/// Kestrel has let it through. See docs/decisions/0007-strict-heads.md.
/// </summary>
internal sealed class StrictFramingMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var isHttp10 = HttpProtocol.IsHttp10(request.Protocol);
        var isHttp1 = isHttp10 || HttpProtocol.IsHttp11(request.Protocol);
        var refusal = isHttp1
            ? StrictRequestFraming.Refusal(
                request.Headers.TransferEncoding, request.Headers["Content-Length"], request.Headers.ContainsKey("X-Content-Length"), isHttp10)
            : ConnectionRefusal(request.Headers);
        refusal ??= HeaderRefusal(request.Headers);
        if (refusal is null)
        {
            return next(context);
        }

        if (isHttp1)
        {
            context.Response.OnStarting(static state =>
            {
                ((HttpResponse)state).Headers.Connection = "close";
                return Task.CompletedTask;
            }, context.Response);
        }

        // A callout that is refused is recorded, this one too.
        var error = new VaultError(ErrorCodes.InvalidRequest, refusal);
        return context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.StartsWith(CalloutTarget.Prefix, StringComparison.OrdinalIgnoreCase)
            ? context.RequestServices.GetRequiredService<CalloutEndpoint>().RefuseAsync(context, error)
            : context.AnswerAsync(error);
    }

    // Kestrel refuses Connection there, and takes these (RFC 9113 section 8.2.2).
    private static string? ConnectionRefusal(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count + headers.Upgrade.Count + headers.KeepAlive.Count + headers["Proxy-Connection"].Count > 0
            ? "A header of one connection has no place in HTTP/2."
            : null;

    private static string? HeaderRefusal(IHeaderDictionary headers)
    {
        foreach (var (name, values) in headers)
        {
            // Kestrel shows pseudo-headers of HTTP/2 among the others, and has judged their names.
            if (!name.StartsWith(':') && !WireText.IsName(name))
            {
                return "The name of a header has a character that can't stand in one.";
            }

            foreach (var value in values)
            {
                if (!WireText.IsValue(value))
                {
                    return "The value of a header has a control character.";
                }
            }
        }

        return null;
    }
}
