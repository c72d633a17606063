using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Access;

namespace Vault.Api.Admin.AdminKeys;

/// <summary><c>/api/v1/admin-keys</c>: the keys of people.</summary>
internal static class AdminKeyEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapAdminKeys(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/admin-keys").WithTags("Admin keys").Audited("admin-key").RequireRoles(VaultRole.Admin);
        group.MapGet("", ListAsync).Produces<ListAnswer<AdminKeyView>>().Problems();
        group.MapPost("", CreateAsync).Accepts<AdminKeyInput>("application/json").Produces<NewAdminKey>(201).Problems(409, 413, 415);
        group.MapDelete("/{name}", DeleteAsync).Produces(204).Problems(404, 409, 412);
    }

    /// <summary>Lists the keys of people, without their secrets.</summary>
    private static async Task<IResult> ListAsync(HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var page = PageQuery.Read(context.Request);
        return page.IsOk ? AdminResults.List(context, await administration.ListForPeopleAsync(page.Value, cancellationToken)) : page.Error.ToAnswer();
    }

    /// <summary>Makes a key of a person.</summary>
    /// <remarks>The key is in the answer, this once.</remarks>
    private static async Task<IResult> CreateAsync(HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var input = await JsonBody.ReadAsync<AdminKeyInput>(context.Request, null, cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        var made = await administration.CreateForPersonAsync(input.Value, cancellationToken);
        return made.IsOk ? AdminResults.Created(context, made.Value, "/api/v1/admin-keys/" + made.Value.Name) : made.Error.ToAnswer();
    }

    /// <summary>Revokes a person's key, at once.</summary>
    /// <remarks>The last usable admin key can't be deleted.</remarks>
    private static async Task<IResult> DeleteAsync(string name, HttpContext context, KeyAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        return route.IsOk
            ? AdminResults.Done(await administration.DeleteForPersonAsync(route.Value, Conditions.Read(context.Request), cancellationToken))
            : route.Error.ToAnswer();
    }
}
