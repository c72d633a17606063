using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Definitions;

namespace Vault.Api.Admin.NamedCredentials;

/// <summary><c>/api/v1/named-credentials</c>: where services are.</summary>
internal static class NamedCredentialEndpoints
{
    private const string Path = "/api/v1/named-credentials/";

    /// <summary>Maps the routes.</summary>
    public static void MapNamedCredentials(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/named-credentials").WithTags("Named credentials").Audited("named-credential");
        group.MapGet("", List).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<ListAnswer<NamedCredentialView>>().Problems();
        group.MapPost("", CreateAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<NamedCredentialInput>("application/json").Produces<NamedCredentialView>(201).Problems(409, 413, 415, 422);
        group.MapGet("/{name}", Get).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<NamedCredentialView>().Problems(404);
        group.MapPut("/{name}", PutAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<NamedCredentialInput>("application/json").Produces<NamedCredentialView>().Produces<NamedCredentialView>(201)
            .Problems(404, 409, 412, 413, 415, 422);
        group.MapDelete("/{name}", DeleteAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator).Produces(204).Problems(404, 412);
    }

    /// <summary>Lists named credentials.</summary>
    /// <remarks>Ordered by name; pages by <c>pageSize</c> and <c>pageToken</c>, <c>search</c> looks in names and labels.</remarks>
    private static IResult List(HttpContext context, NamedCredentialAdministration administration)
    {
        var page = PageQuery.Read(context.Request);
        return page.IsOk ? AdminResults.List(context, administration.List(page.Value)) : page.Error.ToAnswer();
    }

    /// <summary>Creates a named credential.</summary>
    /// <remarks>With <c>externalCredential</c>, or with inline <c>authentication</c>, settings and secrets together.</remarks>
    private static async Task<IResult> CreateAsync(HttpContext context, NamedCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var input = await JsonBody.ReadAsync<NamedCredentialInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(context, await administration.CreateAsync(input.Value, context.Caller().Role, cancellationToken), view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Reads a named credential.</summary>
    private static IResult Get(string name, HttpContext context, NamedCredentialAdministration administration)
    {
        var route = RouteName.Read(name);
        return route.IsOk ? AdminResults.Read(context, administration.Get(route.Value)) : route.Error.ToAnswer();
    }

    /// <summary>Creates or replaces a named credential.</summary>
    /// <remarks>Honours <c>If-Match</c> and <c>If-None-Match: *</c>.</remarks>
    private static async Task<IResult> PutAsync(string name, HttpContext context, NamedCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        if (!route.IsOk)
        {
            return route.Error.ToAnswer();
        }

        var discardSecrets = Conditions.DiscardSecrets(context.Request);
        if (!discardSecrets.IsOk)
        {
            return discardSecrets.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync<NamedCredentialInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(
                context,
                await administration.PutAsync(
                    route.Value, input.Value, context.Caller().Role, Conditions.Read(context.Request), discardSecrets.Value, cancellationToken),
                view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Deletes a named credential with its grants.</summary>
    /// <remarks>The external credential that it made inline goes with it, if nothing else uses that.</remarks>
    private static async Task<IResult> DeleteAsync(string name, HttpContext context, NamedCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        return route.IsOk
            ? AdminResults.Done(await administration.DeleteAsync(route.Value, Conditions.Read(context.Request), cancellationToken))
            : route.Error.ToAnswer();
    }
}
