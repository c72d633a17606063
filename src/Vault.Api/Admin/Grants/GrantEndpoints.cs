using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Access;

namespace Vault.Api.Admin.Grants;

/// <summary><c>/api/v1/apps/{app}/grants</c>: what an app may call.</summary>
internal static class GrantEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapGrants(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/apps/{app}/grants").WithTags("Grants").Audited("grant");
        group.MapGet("", List).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<ListAnswer<GrantView>>().Problems(404);
        group.MapPut("/{namedCredential}", PutAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<GrantInput>(isOptional: true, "application/json").Produces<GrantView>().Produces<GrantView>(201).Problems(404, 412, 413, 415, 422);
        group.MapDelete("/{namedCredential}", DeleteAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator).Produces(204).Problems(404, 412);
    }

    /// <summary>Lists the grants of an app.</summary>
    private static IResult List(string app, HttpContext context, GrantAdministration administration)
    {
        var route = RouteName.Read(app);
        var page = PageQuery.Read(context.Request);
        if ((route.Error ?? page.Error) is { } error)
        {
            return error.ToAnswer();
        }

        var list = administration.List(route.Value, page.Value!);
        return list.IsOk ? AdminResults.List(context, list.Value) : list.Error.ToAnswer();
    }

    /// <summary>Grants principals of a named credential to an app.</summary>
    private static async Task<IResult> PutAsync(
        string app, string namedCredential, HttpContext context, GrantAdministration administration, CancellationToken cancellationToken)
    {
        var owner = RouteName.Read(app);
        var named = RouteName.Read(namedCredential);
        if ((owner.Error ?? named.Error) is { } malformed)
        {
            return malformed.ToAnswer();
        }

        var input = await JsonBody.ReadAsync(context.Request, new GrantInput(), cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        var grant = await administration.PutAsync(owner.Value, named.Value, input.Value, Conditions.Read(context.Request), cancellationToken);
        if (!grant.IsOk)
        {
            return grant.Error.ToAnswer();
        }

        return grant.Value.IsNew
            ? AdminResults.Created(context, grant.Value.Grant, $"/api/v1/apps/{owner.Value}/grants/{grant.Value.Grant.NamedCredential}")
            : AdminResults.Json(grant.Value.Grant);
    }

    /// <summary>Withdraws a grant, at once.</summary>
    private static async Task<IResult> DeleteAsync(
        string app, string namedCredential, HttpContext context, GrantAdministration administration, CancellationToken cancellationToken)
    {
        var owner = RouteName.Read(app);
        var named = RouteName.Read(namedCredential);
        return (owner.Error ?? named.Error) is { } malformed
            ? malformed.ToAnswer()
            : AdminResults.Done(await administration.DeleteAsync(owner.Value, named.Value, Conditions.Read(context.Request), cancellationToken));
    }
}
