using System.Net.Mime;
using Vault.Api.Errors;
using Vault.Core.Primitives;

namespace Vault.Api.Callouts;

/// <summary>Answers that the vault itself makes on the way of a callout.</summary>
internal static class CalloutRefusal
{
    /// <summary>Answers with the error's problem document and <c>X-Vault-Error</c>.</summary>
    public static async Task RefuseAsync(this HttpContext context, VaultError error)
    {
        var response = context.Response;
        var requestId = response.Headers[Hosting.RequestIdMiddleware.Header];
        response.Clear();
        response.Headers[Hosting.RequestIdMiddleware.Header] = requestId;
        response.Headers["X-Vault-Error"] = error.Code;
        response.Headers.CacheControl = "no-store";
        if (error.Code == ErrorCodes.Unauthenticated)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"vault\"";
        }

        response.StatusCode = ErrorStatus.Of(error.Code);
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.WriteAsJsonAsync(
                error.ToProblem(), options: null, contentType: MediaTypeNames.Application.ProblemJson, context.RequestAborted);
        }
    }
}
