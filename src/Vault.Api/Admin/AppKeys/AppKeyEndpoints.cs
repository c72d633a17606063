using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Access;

namespace Vault.Api.Admin.AppKeys;

/// <summary><c>/api/v1/apps/{app}/keys</c>: several can be live at once, so that a key rotates with no outage.</summary>
internal static class AppKeyEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapAppKeys(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/apps/{app}/keys").WithTags("App keys").Audited("app-key").RequireRoles(VaultRole.Admin, VaultRole.Operator);
        group.MapGet("", ListAsync).Produces<ListAnswer<AppKeyView>>().Problems(404);
        group.MapPost("", CreateAsync).Accepts<AppKeyInput>(isOptional: true, "application/json").Produces<NewAppKey>(201).Problems(404, 413, 415);
        group.MapDelete("/{id}", DeleteAsync).Produces(204).Problems(404, 412);
    }

    /// <summary>Lists the keys of an app, without their secrets.</summary>
    private static async Task<IResult> ListAsync(string app, HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(app);
        var page = PageQuery.Read(context.Request);
        if ((route.Error ?? page.Error) is { } error)
        {
            return error.ToAnswer();
        }

        var list = await administration.ListForAppAsync(route.Value, page.Value!, cancellationToken);
        return list.IsOk ? AdminResults.List(context, list.Value) : list.Error.ToAnswer();
    }

    /// <summary>Makes a key of an app.</summary>
    /// <remarks>The key is in the answer, this once.</remarks>
    private static async Task<IResult> CreateAsync(string app, HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(app);
        if (!route.IsOk)
        {
            return route.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync(context.Request, new AppKeyInput(), cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        var made = await administration.CreateForAppAsync(route.Value, input.Value, cancellationToken);
        return made.IsOk ? AdminResults.Created(context, made.Value, $"/api/v1/apps/{route.Value}/keys/{made.Value.Id}") : made.Error.ToAnswer();
    }

    /// <summary>Revokes a key of an app, at once.</summary>
    private static async Task<IResult> DeleteAsync(string app, string id, HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(app);
        return route.IsOk
            ? AdminResults.Done(await administration.DeleteForAppAsync(route.Value, id, Conditions.Read(context.Request), cancellationToken))
            : route.Error.ToAnswer();
    }
}
