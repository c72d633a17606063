using Microsoft.AspNetCore.Http.Features;
using Vault.Api.Callouts;
using Vault.Api.Errors;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>
/// Refuses raw targets with a dot segment, or with a character that can't stand in one, before anything is routed by the path that
/// the server decoded: what is judged and what was asked for must be the same path.
/// </summary>
internal static class RawTargetMiddleware
{
    /// <summary>Adds the middleware.</summary>
    public static void UseRawTargetGuard(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        if (request.RawTarget.Length == 0)
        {
            // A server in memory, as tests of apps have it (Microsoft.AspNetCore.TestHost), keeps none.
            request.RawTarget = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        }

        var target = request.RawTarget;
        if (RawTargetGuard.Refusal(target) is not { } refusal)
        {
            return next(context);
        }

        return CalloutTarget.PathOf(target).StartsWith(CalloutTarget.Prefix, StringComparison.OrdinalIgnoreCase)
            ? context.RequestServices.GetRequiredService<CalloutEndpoint>().RefuseAsync(context, new VaultError(ErrorCodes.RequestNotAllowed, refusal))
            : context.AnswerAsync(new VaultError(ErrorCodes.InvalidRequest, refusal));
    });
}
