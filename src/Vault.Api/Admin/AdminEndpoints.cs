using Vault.Api.Admin.AdminKeys;
using Vault.Api.Admin.AppKeys;
using Vault.Api.Admin.Apps;
using Vault.Api.Admin.Audit;
using Vault.Api.Admin.Credentials;
using Vault.Api.Admin.DefinitionSets;
using Vault.Api.Admin.ExternalCredentials;
using Vault.Api.Admin.ForwardProxy;
using Vault.Api.Admin.Grants;
using Vault.Api.Admin.NamedCredentials;
using Vault.Api.Admin.Operations;
using Vault.Api.Admin.Trials;
using Vault.Api.Admin.VaultKeys;
using Vault.Api.AdminHttp;
using Vault.Api.Errors;
using Vault.Core.Primitives;

namespace Vault.Api.Admin;

/// <summary>Maps the admin API.</summary>
internal static class AdminEndpoints
{
    /// <summary>All routes below <c>/api/v1</c>; what is unknown there is a problem document too.</summary>
    public static void MapVaultAdmin(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1");

        // What lists, tests or changes definitions and grants needs all of them.
        var defined = api.MapGroup("").OnceAllIsRead();
        defined.MapExternalCredentials();
        defined.MapCredentials();
        defined.MapNamedCredentials();
        defined.MapTrials();
        defined.MapApps();
        defined.MapAppKeys();
        defined.MapGrants();
        defined.MapDefinitionSets();
        api.MapAdminKeys();
        api.MapAudit();
        api.MapVaultKeys();
        api.MapOperations();
        api.MapForwardProxy();
    }

    /// <summary>A POST without input: what is sent to it all the same isn't passed over, for whoever sends it believes that it does something.</summary>
    public static RouteHandlerBuilder TakesNothing(this RouteHandlerBuilder route) => route.AddEndpointFilter(static async (invocation, next) =>
    {
        var request = invocation.HttpContext.Request;
        if (request.Query.Keys.FirstOrDefault() is { } parameter)
        {
            return VaultError.Invalid(parameter, "Unknown parameter; there are none.").ToAnswer();
        }

        var read = await JsonBody.ReadAsync(request, new NoInput(), invocation.HttpContext.RequestAborted);
        return read.IsOk ? await next(invocation) : read.Error.ToAnswer();
    });

    /// <summary>Says which problems a route may answer with, beside those of every route: 400 is the answer to a key in the query, whatever the route.</summary>
    public static RouteHandlerBuilder Problems(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses.Concat([400, 401, 403, 429, 500, 503]).Distinct().Order())
        {
            route.ProducesProblem(status);
        }

        return route;
    }

    private sealed record NoInput;
}
