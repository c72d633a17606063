using Vault.Api.Errors;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>Refuses what this vault sent itself. Callouts are refused where they are judged, so that they are on record.</summary>
internal static class LoopMiddleware
{
    /// <summary>What is said of it.</summary>
    public static VaultError Refusal { get; } = new(ErrorCodes.EgressDenied, "This request was sent by this vault: a named credential or a sign-in leads back to it.");

    /// <summary>Adds the middleware.</summary>
    public static void UseLoopGuard(this IApplicationBuilder app) => app.Use(static (context, next) =>
        IsOwn(context) && !context.Request.Path.StartsWithSegments("/callout") ? context.AnswerAsync(Refusal) : next(context));

    /// <summary>Whether the request has been through this vault.</summary>
    public static bool IsOwn(HttpContext context) =>
        context.Request.Headers[LoopGuard.Header] is { Count: > 0 } marks && context.RequestServices.GetRequiredService<LoopGuard>().IsOwn(marks);
}
