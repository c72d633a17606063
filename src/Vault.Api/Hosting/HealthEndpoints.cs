using Vault.Api.Callers;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary>What an orchestrator asks; says nothing about what the vault holds.</summary>
internal static class HealthEndpoints
{
    private const string LiveRoute = "/healthz/live";
    private const string ReadyRoute = "/healthz/ready";

    /// <summary>
    /// Answers a GET before it is routed: the first request that is routed waits until the routes of all of the admin API are made, and
    /// a vault is ready before.
    /// </summary>
    public static void UseHealth(this WebApplication app) => app.Use(static (context, next) =>
        !HttpMethods.IsGet(context.Request.Method) ? next(context)
        : context.Request.Path.Equals(ReadyRoute) ? AnswerReadyAsync(context)
        : context.Request.Path.Equals(LiveRoute) ? Live().ExecuteAsync(context)
        : next(context));

    /// <summary>Maps <c>/healthz/live</c> and <c>/healthz/ready</c>.</summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(LiveRoute, Live).OpenToAll().WithTags("Health").WithSummary("Whether the process runs");
        endpoints.MapGet(ReadyRoute, ReadyAsync).OpenToAll().WithTags("Health").WithSummary("Whether the vault can serve")
            .Produces<HealthStatus>().Produces<HealthStatus>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task AnswerReadyAsync(HttpContext context) =>
        await (await ReadyAsync(context.RequestServices.GetRequiredService<StorageHealth>(), context.RequestAborted)).ExecuteAsync(context);

    /// <summary>The process runs.</summary>
    private static Microsoft.AspNetCore.Http.HttpResults.Ok<HealthStatus> Live() => TypedResults.Ok(new HealthStatus("live"));

    /// <summary>The database answers, the key ring opens its canary, and every definition was authentic when it was loaded.</summary>
    private static async Task<IResult> ReadyAsync(StorageHealth health, CancellationToken cancellationToken) =>
        await health.CheckAsync(cancellationToken)
            ? TypedResults.Ok(new HealthStatus("ready"))
            : TypedResults.Json(new HealthStatus("notReady"), statusCode: StatusCodes.Status503ServiceUnavailable);
}

/// <summary>The answer of a health route.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>notReady</c>; the reason is in the log.</param>
public sealed record HealthStatus(string Status);
