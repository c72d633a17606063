using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Primitives;

namespace Vault.Api.Callers;

/// <summary>Lets a request to the admin API through for certain roles, and tells its handler who calls.</summary>
internal static class RoleFilter
{
    private static readonly object CallerKey = new();

    /// <summary>Marks a route with the roles that may use it; read by the filter, and by the test that walks all routes.</summary>
    internal sealed record AllowedRoles(IReadOnlyList<VaultRole> Roles);

    /// <summary>Marks a route that anybody may use, without a key.</summary>
    internal sealed record AnyCaller;

    /// <summary>Anybody may use the route: it tells nothing that needs a key, and changes nothing.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.WithMetadata(new AnyCaller());
        return builder;
    }

    /// <summary>Only these roles may use the route.</summary>
    public static TBuilder RequireRoles<TBuilder>(this TBuilder builder, params VaultRole[] roles)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.WithMetadata(new AllowedRoles(roles));
        return builder;
    }

    /// <summary>Who calls; only behind <see cref="UseAdminCallers"/>.</summary>
    public static Caller Caller(this HttpContext context) => (Caller)context.Items[CallerKey]!;

    /// <summary>Authenticates everything below <c>/api</c> before it is routed to a handler, so that strangers learn no routes.</summary>
    public static void UseAdminCallers(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/api/v1"))
        {
            await next(context);
            return;
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<AnyCaller>() is not null)
        {
            await next(context);
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        var services = context.RequestServices;
        var caller = await services.GetRequiredService<CallerResolver>()
            .ResolveAsync(CallerKeys.OfAdmin(context.Request.Headers), context.Connection.RemoteIpAddress, context.RequestAborted);
        if (!caller.IsOk)
        {
            if (services.GetRequiredService<RefusedSignIns>().MayRecord(context.Connection.RemoteIpAddress))
            {
                await AuditedRequests.DeniedAsync(context, caller.Error.Code);
            }

            await context.AnswerAsync(caller.Error);
            return;
        }

        // A route without roles is nobody's: fail closed.
        var endpoint = context.GetEndpoint();
        var isRouted = endpoint is not null && !ProblemAnswers.IsRoutingFailure(endpoint);
        var allowed = endpoint?.Metadata.GetMetadata<AllowedRoles>()?.Roles ?? [];
        if (caller.Value.Role is VaultRole.App || (isRouted && !allowed.Contains(caller.Value.Role)))
        {
            await AuditedRequests.DeniedAsync(context, ErrorCodes.Forbidden, caller.Value.Actor, AuditedRequests.ActionOf(context));
            await context.AnswerAsync(new VaultError(ErrorCodes.Forbidden, "The role of this key doesn't allow it."));
            return;
        }

        if (isRouted && context.Request.Method.AsSpan().ContainsAnyInRange('a', 'z'))
        {
            // Routes are matched in any case, and what is done, and recorded, goes by the method (RFC 9110 section 9.1).
            if (AuditedRequests.ActionOf(context) is { } action)
            {
                await AuditedRequests.DeniedAsync(context, ErrorCodes.MethodNotAllowed, caller.Value.Actor, action);
            }

            context.Response.Headers.Allow = MethodsOf(services, endpoint);
            await context.AnswerAsync(new VaultError(ErrorCodes.MethodNotAllowed, "Methods are written in capitals."));
            return;
        }

        if (CallerKeys.InQuery(context.Request.QueryString.Value ?? "") is { } misplaced)
        {
            await AuditedRequests.DeniedAsync(context, misplaced.Code, caller.Value.Actor, AuditedRequests.ActionOf(context));
            await context.AnswerAsync(misplaced);
            return;
        }

        context.Items[CallerKey] = caller.Value;
        await AuditedRequests.HandleAsync(context, next, caller.Value);
    });

    // What routing says to a method that none of a path's routes take (RFC 9110 section 15.5.6).
    private static string MethodsOf(IServiceProvider services, Endpoint? endpoint) => string.Join(", ", services.GetRequiredService<EndpointDataSource>().Endpoints
        .OfType<RouteEndpoint>().Where(route => route.RoutePattern.RawText == (endpoint as RouteEndpoint)?.RoutePattern.RawText)
        .SelectMany(route => route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Distinct());
}
