using Microsoft.AspNetCore.Http.Features;
using Vault.Api.Callouts;
using Vault.Api.Errors;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>
/// Refuses raw targets with a dot segment before anything is routed by the path that the server decoded: what is judged and
/// what was asked for must be the same path.
/// </summary>
internal static class DotSegmentMiddleware
{
    /// <summary>Adds the middleware.</summary>
    public static void UseDotSegmentGuard(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!RawTargetGuard.HasDotSegment(target))
        {
            return next(context);
        }

        return target.StartsWith("/callout/", StringComparison.Ordinal)
            ? context.RequestServices.GetRequiredService<CalloutEndpoint>().RefuseAsync(
                context, new VaultError(ErrorCodes.RequestNotAllowed, "The path has a dot segment, which would lead out of the named credential's url."))
            : context.AnswerAsync(new VaultError(ErrorCodes.InvalidRequest, "The path has a dot segment."));
    });
}
