using Vault.Api.Errors;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>The first middleware: answers 400 and closes where the framing of an HTTP/1.x request is ambiguous.</summary>
internal sealed class StrictFramingMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpProtocol.IsHttp11(request.Protocol) && !HttpProtocol.IsHttp10(request.Protocol))
        {
            return next(context);
        }

        var refusal = StrictRequestFraming.Refusal(
            request.Headers.TransferEncoding, request.Headers["Content-Length"], request.Headers.ContainsKey("X-Content-Length"));
        if (refusal is null)
        {
            return next(context);
        }

        context.Response.OnStarting(static state =>
        {
            ((HttpResponse)state).Headers.Connection = "close";
            return Task.CompletedTask;
        }, context.Response);
        return context.AnswerAsync(new VaultError(ErrorCodes.InvalidRequest, refusal));
    }
}
