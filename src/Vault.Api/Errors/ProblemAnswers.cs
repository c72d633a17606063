using System.Net.Mime;
using Microsoft.AspNetCore.Diagnostics;
using Vault.Api.Callouts;
using Vault.Core.Primitives;
using Vault.Core.Storage;

namespace Vault.Api.Errors;

/// <summary>Answers that are problem documents, whoever finds the trouble: a handler, routing or a fault.</summary>
internal static partial class ProblemAnswers
{
    /// <summary>Answers with the error's problem document.</summary>
    public static async Task AnswerAsync(this HttpContext context, VaultError error)
    {
        // Whatever was put on the answer before goes, save the request's id.
        var response = context.Response;
        var requestId = response.Headers[Hosting.RequestIdMiddleware.Header];
        var allow = response.Headers.Allow;
        response.Clear();
        ChunkedAnswer.GiveBack(response);
        response.Headers[Hosting.RequestIdMiddleware.Header] = requestId;
        response.Headers.Allow = allow;
        response.StatusCode = ErrorStatus.Of(error.Code);
        response.Headers["X-Vault-Error"] = error.Code;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (error.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (error.Code == ErrorCodes.Unauthenticated)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"vault\"";
        }

        if (error.Code == ErrorCodes.ProxyAuthenticationRequired)
        {
            // Bearer is taken too, but clients know proxies by Basic alone, and some stumble over a second scheme.
            response.Headers.ProxyAuthenticate = "Basic realm=\"vault\"";
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.WriteAsJsonAsync(error.ToProblem(), options: null, contentType: MediaTypeNames.Application.ProblemJson, context.RequestAborted);
        }
    }

    /// <summary>Whether routing chose this endpoint to say that the method, or the media type, is not allowed.</summary>
    public static bool IsRoutingFailure(Endpoint endpoint) =>
        endpoint is not RouteEndpoint && endpoint.DisplayName is { } name
        && (name.StartsWith("405", StringComparison.Ordinal) || name.StartsWith("415", StringComparison.Ordinal));

    /// <summary>The error of a request that ended in an exception; what nobody foresaw is logged.</summary>
    public static VaultError FaultOf(this HttpContext context, Exception? exception, ILogger logger)
    {
        if (exception is BadHttpRequestException bad)
        {
            return bad.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => new VaultError(ErrorCodes.BodyTooLarge, "The body is too large."),
                StatusCodes.Status408RequestTimeout => new VaultError(ErrorCodes.InvalidRequest, "The body came too slowly."),
                _ => new VaultError(ErrorCodes.InvalidRequest, "The request is not well-formed."),
            };
        }

        if (exception is not null && StorageFaults.IsUnavailable(exception))
        {
            return new VaultError(ErrorCodes.StorageUnavailable, "The database could not be read. Try again.");
        }

        // Only the type: messages of exceptions may hold values.
        LogFault(logger, context.TraceIdentifier, exception?.GetType().FullName ?? "", exception?.StackTrace ?? "");
        return new VaultError(ErrorCodes.Internal, $"Something went wrong here; the log says more under {context.TraceIdentifier}.");
    }

    /// <summary>Turns what routing and faults leave without a body into problem documents.</summary>
    public static void UseProblemAnswers(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context =>
            {
                context.Response.Headers[Hosting.RequestIdMiddleware.Header] = context.TraceIdentifier;
                return context.AnswerAsync(context.FaultOf(context.Features.Get<IExceptionHandlerFeature>()?.Error, app.Logger));
            },

            // A caller's fault is no error of the vault's.
            SuppressDiagnosticsCallback = static fault => fault.Exception is BadHttpRequestException,
        });

        // Never for callouts: an empty 404 there is an upstream's answer, and stays empty.
        app.UseWhen(context => !context.Request.Path.StartsWithSegments("/callout"), branch => branch.UseStatusCodePages(async status =>
        {
            var context = status.HttpContext;
            var error = context.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => new VaultError(ErrorCodes.NotFound, "There is nothing at this path."),
                StatusCodes.Status405MethodNotAllowed => new VaultError(ErrorCodes.MethodNotAllowed, "This path doesn't take this method."),
                StatusCodes.Status413PayloadTooLarge => new VaultError(ErrorCodes.BodyTooLarge, "The body is too large."),
                StatusCodes.Status415UnsupportedMediaType => new VaultError(ErrorCodes.UnsupportedMediaType, "The body must be application/json."),
                _ => null,
            };
            if (error is not null)
            {
                await context.AnswerAsync(error);
            }
        }));
    }

    [LoggerMessage(1001, LogLevel.Error, "Request {RequestId} failed with {Fault}: {Stack}")]
    private static partial void LogFault(ILogger logger, string requestId, string fault, string stack);
}
