using System.Net;
using Vault.Api.Callers;
using Vault.Core.Administration.Consents;
using Vault.Core.Authentication;

namespace Vault.Api.Consents;

/// <summary><c>GET /oauth/callback</c>: where authorization servers send people back to (RFC 6749 section 4.1.2).</summary>
internal static class ConsentEndpoint
{
    private static readonly string[] Parameters = ["state", "code", "error", "iss"];

    /// <summary>Maps the route. It takes no key: the state in it, good once, is what was given to the person.</summary>
    public static void MapConsents(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(ConsentAdministration.CallbackPath, CompleteAsync)
            .OpenToAll().WithTags("Consents").Produces<string>(200, "text/html").Produces<string>(400, "text/html").Produces(303);

    /// <summary>Completes a consent: the authorization server sends the person's browser here.</summary>
    private static async Task CompleteAsync(HttpContext context, ConsentAdministration consents)
    {
        var query = context.Request.Query;
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        if (Parameters.Any(name => query[name].Count > 1))
        {
            await ShowAsync(context, 400, "Consent failed", "The answer of the authorization server is not well-formed.");
            return;
        }

        var outcome = await consents.CompleteAsync(
            query["state"], new AuthorizationAnswer(query["code"], query["error"], query["iss"]), context.RequestAborted);
        if (!outcome.Given.IsOk)
        {
            await ShowAsync(context, 400, "Consent failed", outcome.Given.Error.Detail, outcome.ReturnUrl);
        }
        else if (outcome.ReturnUrl is { } returnUrl)
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            headers.Location = returnUrl;
        }
        else
        {
            // Whoever was sent somebody else's link can see it here.
            var (credential, principal, user) = outcome.Given.Value;
            var whose = user is null ? $"the principal {principal}" : $"the user {user}";
            await ShowAsync(
                context, 200, "Consent given",
                $"The vault keeps the access that you gave to {credential}, for {whose}. If that is not you, or you did not ask for this, withdraw it at the "
                + "service and tell your administrator. You can close this page.");
        }
    }

    private static Task ShowAsync(HttpContext context, int status, string title, string text, string? returnUrl = null)
    {
        var back = returnUrl is null ? "" : $"""<p><a href="{WebUtility.HtmlEncode(returnUrl)}">Go back</a></p>""";
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(
            $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>{{WebUtility.HtmlEncode(title)}}</title><style>body { font-family: sans-serif; margin: 4em auto; max-width: 32em }</style></head>
            <body><h1>{{WebUtility.HtmlEncode(title)}}</h1><p>{{WebUtility.HtmlEncode(text)}}</p>{{back}}</body>
            </html>
            """);
    }
}
