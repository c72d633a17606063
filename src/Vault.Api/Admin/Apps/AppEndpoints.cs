using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Access;

namespace Vault.Api.Admin.Apps;

/// <summary><c>/api/v1/apps</c>: who calls out through the vault.</summary>
internal static class AppEndpoints
{
    private const string Path = "/api/v1/apps/";

    /// <summary>Maps the routes.</summary>
    public static void MapApps(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/apps").WithTags("Apps").Audited("app");
        group.MapGet("", List).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<ListAnswer<AppView>>().Problems();
        group.MapPost("", CreateAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<AppInput>("application/json").Produces<AppView>(201).Problems(409, 413, 415);
        group.MapGet("/{app}", Get).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<AppView>().Problems(404);
        group.MapPut("/{app}", PutAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<AppInput>("application/json").Produces<AppView>().Produces<AppView>(201).Problems(404, 412, 413, 415);
        group.MapDelete("/{app}", DeleteAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator).Produces(204).Problems(404, 412);
    }

    /// <summary>Lists apps.</summary>
    private static IResult List(HttpContext context, AppAdministration administration)
    {
        var page = PageQuery.Read(context.Request);
        return page.IsOk ? AdminResults.List(context, administration.List(page.Value)) : page.Error.ToAnswer();
    }

    /// <summary>Creates an app.</summary>
    private static async Task<IResult> CreateAsync(HttpContext context, AppAdministration administration, CancellationToken cancellationToken)
    {
        var input = await JsonBody.ReadAsync<AppInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(context, await administration.CreateAsync(input.Value, cancellationToken), view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Reads an app.</summary>
    private static IResult Get(string app, HttpContext context, AppAdministration administration)
    {
        var route = RouteName.Read(app);
        return route.IsOk ? AdminResults.Read(context, administration.Get(route.Value)) : route.Error.ToAnswer();
    }

    /// <summary>Creates or replaces an app.</summary>
    /// <remarks>Honours <c>If-Match</c> and <c>If-None-Match: *</c>.</remarks>
    private static async Task<IResult> PutAsync(string app, HttpContext context, AppAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(app);
        if (!route.IsOk)
        {
            return route.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync<AppInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(
                context, await administration.PutAsync(route.Value, input.Value, Conditions.Read(context.Request), cancellationToken), view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Deletes an app with its keys and grants.</summary>
    private static async Task<IResult> DeleteAsync(string app, HttpContext context, AppAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(app);
        return route.IsOk
            ? AdminResults.Done(await administration.DeleteAsync(route.Value, Conditions.Read(context.Request), cancellationToken))
            : route.Error.ToAnswer();
    }
}
