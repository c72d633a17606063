using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Secrets;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.Credentials;

/// <summary>The secret values of a principal, as they are written; they are never read.</summary>
/// <param name="Parameters">Names and values; with PATCH, null removes one.</param>
public sealed record CredentialInput(Dictionary<string, string?>? Parameters = null);

/// <summary><c>…/principals/{principal}/credential</c>: secret values, write-only.</summary>
internal static class CredentialEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapCredentials(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/external-credentials/{name}/principals/{principal}/credential").WithTags("Secret values");
        group.MapGet("", GetAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<CredentialStatus>().Problems(404);
        group.MapPut("", PutAsync).RequireRoles(VaultRole.Admin).Accepts<CredentialInput>("application/json").Produces(204).Problems(400, 404, 413, 415);
        group.MapPatch("", PatchAsync).RequireRoles(VaultRole.Admin).Accepts<CredentialInput>("application/json").Produces(204).Problems(400, 404, 413, 415);
        group.MapDelete("", DeleteAsync).RequireRoles(VaultRole.Admin).Produces(204).Problems(404);
    }

    /// <summary>Says which parameters have a value, and since when; never a value.</summary>
    private static async Task<IResult> GetAsync(string name, string principal, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var external = RouteName.Read(name);
        var owner = RouteName.Read(principal);
        if ((external.Error ?? owner.Error) is { } malformed)
        {
            return malformed.ToAnswer();
        }

        var status = await administration.GetStatusAsync(external.Value, owner.Value, cancellationToken);
        return status.IsOk ? AdminResults.Json(status.Value) : status.Error.ToAnswer();
    }

    /// <summary>Replaces the whole set of secret values.</summary>
    private static Task<IResult> PutAsync(string name, string principal, HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken) =>
        WriteAsync(name, principal, context, administration.ReplaceAsync, cancellationToken);

    /// <summary>Changes only the parameters sent; null removes one.</summary>
    private static Task<IResult> PatchAsync(string name, string principal, HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken) =>
        WriteAsync(name, principal, context, administration.PatchAsync, cancellationToken);

    /// <summary>Destroys the secret values and the tokens got with them.</summary>
    private static async Task<IResult> DeleteAsync(string name, string principal, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var external = RouteName.Read(name);
        var owner = RouteName.Read(principal);
        return (external.Error ?? owner.Error) is { } malformed
            ? malformed.ToAnswer()
            : AdminResults.Done(await administration.DeleteAsync(external.Value, owner.Value, cancellationToken));
    }

    private static async Task<IResult> WriteAsync(
        string name, string principal, HttpContext context,
        Func<DeveloperName, DeveloperName, IReadOnlyList<KeyValuePair<string, string?>>, CancellationToken, Task<Result<bool>>> write,
        CancellationToken cancellationToken)
    {
        var external = RouteName.Read(name);
        var owner = RouteName.Read(principal);
        if ((external.Error ?? owner.Error) is { } malformed)
        {
            return malformed.ToAnswer();
        }

        var input = await JsonBody.ReadAsync<CredentialInput>(context.Request, null, cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        return input.Value.Parameters is { } parameters
            ? AdminResults.Done(await write(external.Value, owner.Value, [.. parameters], cancellationToken))
            : VaultError.Invalid("$.parameters", "Is required: an object of texts.").ToAnswer();
    }
}
