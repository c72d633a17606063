using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Definitions;

namespace Vault.Api.Admin.ExternalCredentials;

/// <summary><c>/api/v1/external-credentials</c>: how to authenticate to services.</summary>
internal static class ExternalCredentialEndpoints
{
    private const string Path = "/api/v1/external-credentials/";

    /// <summary>Maps the routes.</summary>
    public static void MapExternalCredentials(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/external-credentials").WithTags("External credentials").Audited("external-credential");
        group.MapGet("", ListAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor)
            .Produces<ListAnswer<ExternalCredentialView>>().Problems();
        group.MapPost("", CreateAsync).RequireRoles(VaultRole.Admin)
            .Accepts<ExternalCredentialInput>("application/json").Produces<ExternalCredentialView>(201).Problems(409, 413, 415, 422);
        group.MapGet("/{name}", GetAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor)
            .Produces<ExternalCredentialView>().Problems(404);
        group.MapPut("/{name}", PutAsync).RequireRoles(VaultRole.Admin)
            .Accepts<ExternalCredentialInput>("application/json").Produces<ExternalCredentialView>().Produces<ExternalCredentialView>(201)
            .Problems(404, 409, 412, 413, 415, 422);
        group.MapDelete("/{name}", DeleteAsync).RequireRoles(VaultRole.Admin).Produces(204).Problems(404, 409, 412);
    }

    /// <summary>Lists external credentials.</summary>
    /// <remarks>Ordered by name; pages by <c>pageSize</c> and <c>pageToken</c>, <c>search</c> looks in names and labels.</remarks>
    private static async Task<IResult> ListAsync(HttpContext context, ExternalCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var page = PageQuery.Read(context.Request);
        return page.IsOk ? AdminResults.List(context, await administration.ListAsync(page.Value, cancellationToken)) : page.Error.ToAnswer();
    }

    /// <summary>Creates an external credential.</summary>
    /// <remarks>The secrets are set afterwards, by its <c>credential</c> routes.</remarks>
    private static async Task<IResult> CreateAsync(HttpContext context, ExternalCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var input = await JsonBody.ReadAsync<ExternalCredentialInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(context, await administration.CreateAsync(input.Value, cancellationToken), view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Reads an external credential.</summary>
    private static async Task<IResult> GetAsync(string name, HttpContext context, ExternalCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        return route.IsOk ? AdminResults.Read(context, await administration.GetAsync(route.Value, cancellationToken)) : route.Error.ToAnswer();
    }

    /// <summary>Creates or replaces an external credential.</summary>
    /// <remarks>A change that would let secrets travel elsewhere is refused, unless <c>?discardSecrets=true</c>. Honours <c>If-Match</c> and <c>If-None-Match: *</c>.</remarks>
    private static async Task<IResult> PutAsync(string name, HttpContext context, ExternalCredentialAdministration administration, CancellationToken cancellationToken)
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

        var input = await JsonBody.ReadAsync<ExternalCredentialInput>(context.Request, null, cancellationToken);
        return input.IsOk
            ? AdminResults.Written(
                context,
                await administration.PutAsync(
                    route.Value, input.Value, Conditions.Read(context.Request), discardSecrets.Value, cancellationToken),
                view => Path + view.Name)
            : input.Error.ToAnswer();
    }

    /// <summary>Deletes an external credential with its secrets.</summary>
    /// <remarks>Refused while a named credential uses it.</remarks>
    private static async Task<IResult> DeleteAsync(string name, HttpContext context, ExternalCredentialAdministration administration, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        return route.IsOk
            ? AdminResults.Done(await administration.DeleteAsync(route.Value, Conditions.Read(context.Request), cancellationToken))
            : route.Error.ToAnswer();
    }
}
